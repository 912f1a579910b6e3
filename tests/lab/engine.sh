# shellcheck shell=bash
# Docker Engine with Compose and Buildx. Where an engine already answers, that one is
# used and none is started; else forky's packages are unpacked into the lab's folder
# and run from there.

readonly ENGINE=$LAB/engine
readonly ENGINE_ROOT=$ENGINE/root
readonly ENGINE_DAEMON=$ENGINE_ROOT/usr/sbin/dockerd
readonly ENGINE_PID=/run/kaira-lab-dockerd.pid # outlives the folder, but no reboot
readonly ENGINE_LOG=$ENGINE/dockerd.log
readonly ENGINE_PACKAGES=(docker.io docker-cli containerd docker-compose docker-buildx tini-static)
readonly ENGINE_OLDEST_CLIENT=25 # the first that knows --health-start-interval
readonly CLIENT_LINK=/usr/local/bin/docker
readonly PLUGINS=/usr/local/lib/docker/cli-plugins

engine_up() {
  [[ -n ${ENGINE_READY:-} ]] && return
  ENGINE_READY=yes
  if engine_is_ours && [[ ! -x $ENGINE_DAEMON ]]; then
    engine_down # its folder was removed under it
  fi
  engine_client
  if engine_answers; then
    if engine_is_ours; then
      say "engine: the lab's own is running"
    else
      say "engine: this machine's own answers, no other is started"
    fi
    return
  fi
  engine_fetch
  engine_start
}

engine_answers() { timeout 10 docker info >/dev/null 2>&1; }

# The daemon that a recorded process id stands for, if it is the lab's and alive.
engine_is_ours() {
  [[ -f $ENGINE_PID ]] || return
  local program
  program=$(readlink "/proc/$(<"$ENGINE_PID")/exe") || return
  [[ ${program% (deleted)} == "$ENGINE_DAEMON" ]]
}

# A docker client of an age that fits, with its two plugins.
engine_client() {
  local version
  version=$(docker version --format '{{.Client.Version}}' 2>/dev/null) || true
  if ((${version%%.*} + 0 < ENGINE_OLDEST_CLIENT)); then
    engine_fetch
    [[ -L $CLIENT_LINK || ! -e $CLIENT_LINK ]] ||
      die "engine: $CLIENT_LINK is older than $ENGINE_OLDEST_CLIENT and not the lab's to replace"
    say "engine: link the client as $CLIENT_LINK"
    mkdir -p "${CLIENT_LINK%/*}"
    ln -sfn "$ENGINE_ROOT/usr/bin/docker" "$CLIENT_LINK"
    hash -r
  fi

  local plugin
  for plugin in compose buildx; do
    docker "$plugin" version >/dev/null 2>&1 && continue
    engine_fetch
    say "engine: link its plugin $plugin into $PLUGINS"
    mkdir -p "$PLUGINS"
    ln -sfn "$ENGINE_ROOT/usr/libexec/docker/cli-plugins/docker-$plugin" "$PLUGINS/docker-$plugin"
    docker "$plugin" version >/dev/null || die "engine: docker $plugin does not run"
  done
}

engine_fetch() {
  [[ -x $ENGINE_DAEMON ]] || forky_unpack "$ENGINE_ROOT" "${ENGINE_PACKAGES[@]}"
}

engine_start() {
  host_have "${FOUNDATION[@]}"
  [[ ${DOCKER_HOST:-} == "" ]] || die "engine: nothing answers at DOCKER_HOST=$DOCKER_HOST"
  if ! engine_is_ours; then # else it is there and only slow
    say "engine: start dockerd"
    mkdir -p "$ENGINE/data"
    rm -f "$ENGINE_PID" # of a daemon that was killed: a new one would believe it
    engine_settings >"$ENGINE/daemon.json"
    # In a session of its own, so that it outlives this run; without the lab's lock.
    PATH=$ENGINE_ROOT/usr/bin:$ENGINE_ROOT/usr/sbin:$PATH:/usr/sbin:/sbin \
      setsid "$ENGINE_DAEMON" --config-file "$ENGINE/daemon.json" \
      >"$ENGINE_LOG" 2>&1 </dev/null 9>&- &
  fi

  local daemon=${!:-$(<"$ENGINE_PID")} deadline=$((SECONDS + ENGINE_TIMEOUT))
  until engine_answers; do
    kill -0 "$daemon" 2>/dev/null || die "engine: dockerd ended: $(tail -n 1 "$ENGINE_LOG")"
    ((SECONDS < deadline)) || die "engine: no answer in ${ENGINE_TIMEOUT}s, see $ENGINE_LOG"
    sleep 0.3
  done
  say "engine: Docker $(docker version --format '{{.Server.Version}}') answers"
}

# A file of the lab's own, as the host's /etc/docker/daemon.json is not ours to obey or
# to change. Networks take the MTU of the way out: where it is below 1500, larger
# packets of a container would be lost.
engine_settings() {
  local device mtu
  device=$(awk '$2 == "00000000" { print $1; exit }' /proc/net/route)
  mtu=$(cat "/sys/class/net/$device/mtu" 2>/dev/null) || mtu=1500
  cat <<JSON
{
  "data-root": "$ENGINE/data",
  "pidfile": "$ENGINE_PID",
  "mtu": $mtu,
  "default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "$mtu"}},
  "shutdown-timeout": 10
}
JSON
}

engine_down() {
  if engine_is_ours; then
    engine_stop
  else
    say "engine: none that the lab started is running"
  fi
  # A daemon that was killed leaves its mounts, and they keep its folder from removal.
  awk -v folder="$ENGINE/data" 'index($2, folder) == 1 { print $2 }' /proc/self/mounts |
    tac | while read -r mount; do umount "$mount" || true; done
}

engine_stop() {
  local daemon deadline=$((SECONDS + STOP_TIMEOUT))
  daemon=$(<"$ENGINE_PID")
  say "engine: stop dockerd ($daemon)"
  kill -TERM "$daemon"
  while kill -0 "$daemon" 2>/dev/null; do
    if ((SECONDS >= deadline)); then
      say "engine: no end after ${STOP_TIMEOUT}s, kill it"
      kill -KILL "$daemon"
      sleep 1
    fi
    sleep 0.2
  done
  rm -f "$ENGINE_PID"
}
