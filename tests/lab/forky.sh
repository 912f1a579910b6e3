# shellcheck shell=bash
# An apt that reads Debian forky (testing) beside the host's own and changes nothing
# of it: sources, lists and downloads are in the lab's folder.
# Forky, because it carries what the official images carry today (nginx 1.30, Python
# 3.14) and the newer engine: 28.5 with Compose 2.40, where trixie has 26.1 with 2.26.

readonly FORKY_KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
readonly FORKY_APT=(apt-get
  -o "Dir::Etc::SourceList=$LAB/apt/sources.list" -o Dir::Etc::SourceParts=-
  -o "Dir::State::Lists=$LAB/apt/lists" -o "Dir::Cache=$LAB/apt/cache"
  -o Acquire::Check-Valid-Until=false # a mirror may serve a Release past its date
  -o Acquire::Retries=3
  -o APT::Sandbox::User=root) # the lab's folder may be closed to apt's own user

# Fetches forky's package lists, once a run.
forky_lists() {
  [[ -n ${FORKY_LISTED:-} ]] && return
  host_mirror
  say "forky: read the package lists"
  mkdir -p "$LAB/apt/lists/partial" "$LAB/apt/cache/archives/partial"
  printf 'deb [signed-by=%s] %s forky main\n' "$FORKY_KEYS" "$HOST_MIRROR" >"$LAB/apt/sources.list"
  if ! quietly forky-update "${FORKY_APT[@]}" update --error-on=any; then
    host_install debian-archive-keyring # an older one does not know forky's keys
    quietly forky-update "${FORKY_APT[@]}" update --error-on=any ||
      die "forky: the mirror has no package lists of it that this machine can verify"
  fi
  FORKY_LISTED=yes
}

# forky_unpack FOLDER PACKAGE…: their files, unpacked there and installed nowhere.
# The folder appears whole or not at all.
forky_unpack() {
  local folder=$1 debs=$LAB/tmp/debs tree=$LAB/tmp/tree deb
  shift
  forky_lists
  say "forky: fetch $*"
  rm -rf "$debs" "$tree"
  mkdir -p "$debs" "$tree" "$(dirname "$folder")"
  (cd "$debs" && quietly forky-download "${FORKY_APT[@]}" download "$@") ||
    die "forky: cannot fetch $*"
  for deb in "$debs"/*.deb; do
    dpkg -x "$deb" "$tree" || die "forky: cannot unpack ${deb##*/}"
  done
  rm -rf "$folder" "$debs"
  mv "$tree" "$folder"
}
