#!/usr/bin/env bash
# Makes a bare Ubuntu or Debian server ready for Kaira, from the clone that it stands in.
#
#   DEPLOY_KEY='ssh-ed25519 AAAA…' IMAGE_REPOSITORY=ghcr.io/you/kaira infra/host/prepare.sh
#
# It can be run again at any time: what is as it should be is left alone.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

readonly SETTINGS=/etc/kaira/host.conf # what `gate` goes by
readonly KEYS=/etc/kaira/deploy.pub    # who may come as `deploy`
readonly SWAP=/swapfile SWAP_MB=2048   # two copies of the application, and apt, on 1 GiB
readonly REBOOT_AT=19:00               # UTC: before dawn in Seoul; only if an update needs it
readonly FAILED=1 REFUSED=2

usage() {
  cat <<EOF
usage: sudo [SETTING=… …] infra/host/prepare.sh

  DEPLOY_KEY         the public key that may deploy, and nothing else
  IMAGE_REPOSITORY   the only repository whose images it may deploy: ghcr.io/you/kaira
  DOMAIN             the site's name; HTTPS comes by itself
  ACME_EMAIL, ACME_SERVER, ACME_PROFILE   as in .env.example

The first two are needed the first time. What is not set stays as it is.

Exit codes: 0 ready; $FAILED a step failed, run it again once that is mended; $REFUSED refused, and nothing was
changed.
EOF
}

main() {
  case ${1:-} in
    '') ;;
    --help | -h) usage && exit 0 ;;
    *) refuse "no such option: $1 (see --help)" ;;
  esac
  (($(id -u) == 0)) || refuse "run it as root: sudo -E $0"
  check_settings
  say "packages" && packages
  say "swap" && swap
  say "engine" && engine
  say "who may deploy, and what" && deployer
  say "sshd" && sshd_settings
  say "firewall" && firewall
  say "updates" && updates
  say "the edge's images" && images
  say "ready: a deployment can come"
}

# The settings

check_settings() {
  local name
  if [[ -z ${DEPLOY_KEY:-} && ! -s $SETTINGS ]]; then refuse "DEPLOY_KEY is missing: the public key that may deploy"; fi
  if [[ -n ${DEPLOY_KEY:-} ]]; then
    [[ $DEPLOY_KEY != *PRIVATE* ]] || refuse "DEPLOY_KEY is a private key: give its public half (ssh-keygen -y -f KEY)"
    key_is_good || refuse "DEPLOY_KEY is no public key: one line that begins with ssh-ed25519, say"
  fi
  if [[ -z ${IMAGE_REPOSITORY:-} && ! -s $SETTINGS ]]; then refuse "IMAGE_REPOSITORY is missing: ghcr.io/you/kaira, say"; fi
  takes IMAGE_REPOSITORY '^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$' 'a repository of images without a tag, as ghcr.io/you/kaira'
  takes DOMAIN '^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$' 'a name as shop.example.com, without www'
  takes ACME_EMAIL '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$' 'an address as owner@example.com'
  takes ACME_SERVER '^https://[^[:space:]]+$' 'an https:// address'
  takes ACME_PROFILE '^[a-z0-9-]+$' 'the name of a profile'
  for name in docker-compose.blue-green.yml deploy-blue-green.sh infra/host/gate; do
    [[ -f $name ]] || refuse "$name is missing here ($PWD): run it from a whole clone of the repository"
  done
}

# takes NAME PATTERN WHAT: a setting that is set must look so.
takes() {
  [[ -z ${!1:-} || ${!1} =~ $2 ]] || refuse "$1: got '${!1}', takes $3"
}

key_is_good() {
  [[ $DEPLOY_KEY =~ ^(ssh|ecdsa|sk)-[^[:cntrl:]]+$ ]] || return
  # A very bare system has no ssh-keygen yet.
  ! command -v ssh-keygen >/dev/null || ssh-keygen -l -f - <<<"$DEPLOY_KEY" >/dev/null 2>&1
}

# The steps

packages() {
  install_missing ca-certificates curl git openssh-server ufw unattended-upgrades util-linux
  # The clock must be right for certificates and logs; most images bring something that sees to it.
  in_container || [[ -e /lib/systemd/systemd-timesyncd ]] || install_missing chrony
}

swap() {
  if in_container; then
    note "a container has its host's"
  elif (($(awk '/^SwapTotal/ { print int($2 / 1024) }' /proc/meminfo) >= SWAP_MB / 2)); then
    note "there is some"
  else
    fallocate -l "${SWAP_MB}M" "$SWAP"
    chmod 600 "$SWAP"
    mkswap "$SWAP" >/dev/null
    swapon "$SWAP"
    grep -q "^$SWAP " /etc/fstab || echo "$SWAP none swap sw 0 0" >>/etc/fstab
  fi
  # For what is not in use, not for what visitors wait for.
  write /etc/sysctl.d/60-kaira.conf <<<'vm.swappiness = 10'
  in_container || sysctl -q -p /etc/sysctl.d/60-kaira.conf
}

engine() {
  # Before the engine's first start. Containers go on while it is updated and started again.
  if [[ -e /etc/docker/daemon.json ]]; then
    note "/etc/docker/daemon.json is left as it is"
  else
    write /etc/docker/daemon.json <<'EOF'
{
  "live-restore": true,
  "log-driver": "local",
  "log-opts": {"max-size": "20m", "max-file": "5"}
}
EOF
    ! engine_answers || service docker restart
  fi
  if command -v docker >/dev/null; then
    note "$(docker --version) is there"
  else
    docker_packages
  fi
  keep_major
  engine_answers || service docker start
  wait_for_engine
  docker compose version >/dev/null 2>&1 || fail "docker compose is missing: install Docker's compose plugin"
}

docker_packages() {
  local id codename
  # shellcheck source=/dev/null
  id=$(. /etc/os-release && echo "$ID") codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  [[ $id == ubuntu || $id == debian ]] || fail "this is $id: install Docker by hand, and run this again"
  install -d -m 755 /etc/apt/keyrings
  curl --silent --show-error --fail --location --retry 3 "https://download.docker.com/linux/$id/gpg" -o /etc/apt/keyrings/docker.asc ||
    fail "Docker's key cannot be fetched from download.docker.com: is the way out open?"
  write /etc/apt/sources.list.d/docker.list <<EOF
deb [arch=$(dpkg --print-architecture) signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/$id $codename stable
EOF
  update_lists
  install_missing docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin
}

# Containers outlive an update of the engine within its major version, and not the step to another:
# that is for when somebody looks on (docs/deploy.md).
keep_major() {
  local version
  version=$(dpkg-query --show --showformat '${Version}' docker-ce 2>/dev/null) || return 0
  write /etc/apt/preferences.d/60-kaira <<EOF
Package: docker-ce docker-ce-cli
Pin: version ${version%%.*}.*
Pin-Priority: 1000
EOF
}

# The user that a deployment comes as: no password, no home, and nothing of its own to change.
deployer() {
  id deploy >/dev/null 2>&1 || useradd --system --no-create-home --home-dir / --shell /bin/bash deploy
  usermod --append --groups docker deploy
  if [[ -n ${DEPLOY_KEY:-} ]]; then write "$KEYS" <<<"restrict $DEPLOY_KEY"; fi
  if [[ -n ${IMAGE_REPOSITORY:-} ]]; then write "$SETTINGS" <<<"IMAGE_REPOSITORY=$IMAGE_REPOSITORY"; fi
  # The clone is root's: git reads it for nobody else unless it is told so.
  git config --system --get-all safe.directory | grep -qxF "$PWD" || git config --system --add safe.directory "$PWD"
  touch .env
  chown root:deploy .env
  chmod 640 .env # there may be passwords in it
  local name
  for name in DOMAIN ACME_EMAIL ACME_SERVER ACME_PROFILE; do
    [[ -z ${!name:-} ]] || set_in_env "$name" "${!name}"
  done
}

sshd_settings() {
  local settings=/etc/ssh/sshd_config.d/10-kaira.conf keys stated
  printf -v stated '%s\n' 'Match User deploy' "  AuthorizedKeysFile $KEYS" "  ForceCommand $PWD/infra/host/gate" \
    '  AuthenticationMethods publickey' '  DisableForwarding yes' '  PermitTTY no' '  PermitUserRC no'
  # Passwords go as soon as anybody has a key; whoever comes with one alone is told so here.
  keys=$(find /root/.ssh /home/*/.ssh -name authorized_keys -size +0 2>/dev/null || true)
  if [[ -n $keys ]]; then
    note "from now on by key alone, which have: $(tr '\n' ' ' <<<"$keys")"
    printf -v stated '%s%s\n' "$stated" $'Match all\n  PasswordAuthentication no\n  KbdInteractiveAuthentication no'
  else
    note "nobody else has a key here, so passwords stay as they are"
  fi
  write "$settings" <<<"${stated%$'\n'}"
  install -d -m 755 /run/sshd
  sshd -t || fail "sshd does not take $settings"
  service ssh restart >/dev/null # open sessions stay
}

# What Docker publishes goes past it: the edge is open by compose, and all else stays closed.
firewall() {
  local rule ssh
  ssh=$(ssh_ports) || true
  for rule in ${ssh:-22/tcp} 80/tcp 443/tcp 443/udp; do ufw allow "$rule" >/dev/null; done
  ufw default deny incoming >/dev/null
  ufw --force enable >/dev/null || fail "the firewall does not start: ufw enable"
}

# Where sshd listens: as it is set up, and as systemd listens for it.
ssh_ports() {
  {
    sshd -T 2>/dev/null | awk '$1 == "port" { print $2 }'
    systemctl show ssh.socket --property Listen 2>/dev/null | grep -o ':[0-9]* (Stream)' | tr -dc '0-9\n'
  } | sort -u | sed 's|$|/tcp|'
}

updates() {
  write /etc/apt/apt.conf.d/52-kaira <<EOF
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Origins-Pattern { "origin=\${distro_id},archive=\${distro_codename}-security"; "origin=Debian,codename=\${distro_codename},label=Debian-Security"; "origin=Docker,label=Docker CE"; };
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "$REBOOT_AT";
EOF
}

# So that the first deployment need not wait for them.
images() {
  docker compose --progress quiet --file docker-compose.blue-green.yml pull --policy missing --quiet nginx certbot ||
    fail "the images of nginx and certbot cannot be pulled: is the way to the registry open? Then run this again"
}

# How they are done

say() { printf '==> %4d s  %s\n' "$SECONDS" "$*"; }
note() { printf '           %s\n' "$*"; }
fail() { end $FAILED "$*"; }
refuse() { end $REFUSED "$*"; }
end() {
  printf 'prepare: %s\n' "$2" >&2
  exit "$1"
}

in_container() { [[ -f /.dockerenv ]] || grep -qa container= /proc/1/environ; }
engine_answers() { docker version >/dev/null 2>&1; }

wait_for_engine() {
  local end=$((SECONDS + 60))
  until engine_answers; do
    ((SECONDS < end)) || fail "the Docker Engine does not answer: service docker status"
    sleep 0.5
  done
}

# A machine that has just started may be installing something itself.
get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"; }

# The timeout above is of what installs; who is fetching the lists, apt-daily say, is not waited for.
update_lists() {
  local end=$((SECONDS + 300)) said
  until said=$(get update 2>&1); do
    if [[ $said != *lists/lock* ]] || ((SECONDS > end)); then fail "apt-get update: ${said##*$'\n'}"; fi
    sleep 3
  done
  [[ -z $said ]] || note "$said"
}

install_missing() {
  local package missing=()
  for package in "$@"; do
    [[ $(dpkg-query --show --showformat '${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  [[ -n ${updated:-} ]] || update_lists
  updated=yes
  get install -y --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "apt-get could not install: ${missing[*]}"
}

# write FILE: standard input becomes FILE, whole or not at all.
write() {
  install -d -m 755 "${1%/*}"
  cat >"$1.new"
  chmod 644 "$1.new"
  mv "$1.new" "$1"
}

set_in_env() {
  local others
  others=$(grep -v "^$1=" .env) || true
  printf '%s\n' ${others:+"$others"} "$1=$2" >.env # its owner and mode stay
}

{
  main "$@"
  exit
} # read as one: a `git pull` may replace this file while it runs
