# shellcheck shell=bash
# The bare system that every stand-in is built on: forky with nothing but apt and
# certificates. A stand-in is built again when this file changes.

readonly HOST_CERTIFICATES=/etc/ssl/certs/ca-certificates.crt

# What pip, requests, Poetry, npm and curl read to trust what the host trusts.
readonly CERTIFICATE_VARIABLES=(PIP_CERT REQUESTS_CA_BUNDLE SSL_CERT_FILE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS)

# base_make TAG RECIPE: bootstrapped into an archive, imported whole.
# shellcheck disable=SC2016 # $1 is mmdebstrap's to fill in
base_make() {
  local tag=$1 recipe=$2 tree=$LAB/tmp/base.tar sources=$LAB/tmp/sources.list name changes=()
  host_have "${FOUNDATION[@]}"
  forky_lists
  say "image: make $tag"
  # The image's own keyring, as the path to the host's means nothing inside.
  sed 's|signed-by=[^]]*|signed-by=/usr/share/keyrings/debian-archive-keyring.pgp|' \
    "$LAB/apt/sources.list" >"$sources"
  # The host's certificates go where update-ca-certificates finds them again, so that
  # a Dockerfile which installs or updates ca-certificates keeps them.
  # In a mount namespace, so that a run which is killed leaves no mounts behind.
  quietly base env TMPDIR="$LAB/tmp" unshare --mount mmdebstrap --mode=root --variant=minbase --include=ca-certificates \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='force-unsafe-io' \
    --customize-hook="upload $sources /etc/apt/sources.list" \
    --customize-hook="upload $HOST_CERTIFICATES /usr/local/share/ca-certificates/host.crt" \
    --customize-hook='chroot "$1" update-ca-certificates' \
    --customize-hook='rm -rf "$1"/etc/apt/sources.list.d/* "$1"/etc/resolv.conf "$1"/etc/hostname' \
    forky "$tree" "$LAB/apt/sources.list" || die "image: cannot make $tag"

  changes=(--change 'CMD ["bash"]' --change "LABEL $IMAGE_RECIPE=$recipe")
  for name in "${CERTIFICATE_VARIABLES[@]}"; do
    changes+=(--change "ENV $name=$HOST_CERTIFICATES")
  done
  quietly base-import docker import "${changes[@]}" "$tree" "$tag" || die "image: cannot import $tag"
  rm -f "$tree"
}
