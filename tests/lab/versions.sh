# shellcheck shell=bash
# Records what came: forky moves, so a result is worth little without the versions it
# was measured with. The record is versions.txt in the lab's folder, printed at the end.

versions_record() {
  local record=$LAB/versions.txt
  versions_list >"$LAB/tmp/versions.txt" || die "versions: cannot be read"
  mv "$LAB/tmp/versions.txt" "$record"
  say "versions, recorded in $record"
  sed 's/^/      /' "$record"
}

versions_list() {
  local pair name
  if engine_answers; then
    printf 'docker engine  %s\n' "$(docker version --format '{{.Server.Version}}')"
    printf 'docker client  %s\n' "$(docker version --format '{{.Client.Version}}')"
    printf 'docker compose  %s\n' "$(docker compose version --short)"
    printf 'docker buildx  %s\n' "$(docker buildx version | cut -d' ' -f2)"
    for name in base python nginx pebble certbot registry server tls prometheus alertmanager \
      node_exporter nginx_exporter blackbox cloud_init; do
      if image_exists "${IMAGE_TAGS[$name]}"; then versions_image "$name"; fi
    done
  fi
  for pair in "${FOUNDATION[@]}" "${TOOLS[@]}"; do
    dpkg-query --show --showformat '${Package}  ${Version}\n' "${pair%%=*}" 2>/dev/null || true
  done
}

# An image's own word on what it carries, and its id.
versions_image() {
  local tag=${IMAGE_TAGS[$1]} command says
  read -ra command <<<"${IMAGE_VERSION[$1]}"
  says=$(timeout 30 docker run --rm --network none --entrypoint "${command[0]}" \
    "$tag" "${command[@]:1}" 2>&1 | tail -n 1) || says='does not say'
  printf '%s  %s (%s)\n' "$tag" "$says" "$(docker image inspect --format '{{slice .Id 7 19}}' "$tag")"
}
