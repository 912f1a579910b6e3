# shellcheck shell=bash
# shellcheck disable=SC2034 # what stands here is read by the files beside this one
# What is installed on the machine itself, from its own Debian: the tools that
# tests and bench call, and the few that the lab's other parts stand on.

# package=command: present when the command is, wherever it came from.
readonly FOUNDATION=(
  ca-certificates=update-ca-certificates
  iptables=iptables
  mmdebstrap=mmdebstrap
  runc=runc
)
readonly TOOLS=(
  chromium=chromium
  curl=curl
  e2fsprogs=mkfs.ext4
  git=git
  hey=hey
  iproute2=ip
  make=make
  nghttp2-client=h2load
  procps=pgrep
  slowhttptest=slowhttptest
  wrk=wrk
)

readonly HOST_APT=(env DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)

# host_have PACKAGE=COMMAND…: installs those whose command is missing.
host_have() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair#*=}" >/dev/null || missing+=("${pair%%=*}")
  done
  ((${#missing[@]})) || return 0
  host_install "${missing[@]}"
}

# host_install PACKAGE…: installs them, or brings them up to date.
host_install() {
  command -v apt-get >/dev/null || die "host: $* missing, and no apt-get to install it"
  say "host: install $*"
  # An interrupted run may have left dpkg in the middle of a package.
  quietly host-mend env DEBIAN_FRONTEND=noninteractive dpkg --configure -a ||
    die "host: dpkg was interrupted and cannot be mended"
  host_update
  quietly host-install "${HOST_APT[@]}" install --yes --no-install-recommends "$@" ||
    die "host: cannot install $*"
}

host_update() {
  quietly host-update "${HOST_APT[@]}" update || die "host: apt-get update fails"
}

# The address of the Debian mirror that this machine's own apt uses, as HOST_MIRROR; Debian's own
# where that apt is not Debian's.
host_mirror() {
  HOST_MIRROR=$(host_mirror_listed)
  [[ -n $HOST_MIRROR ]] && return
  host_update # the package lists of a new machine may be empty
  HOST_MIRROR=$(host_mirror_listed)
  HOST_MIRROR=${HOST_MIRROR:-http://deb.debian.org/debian}
}

host_mirror_listed() {
  # shellcheck disable=SC2016 # $(SITE) is apt's own notation, not the shell's
  apt-get indextargets --format '$(SITE)' \
    'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sed -n 1p
}
