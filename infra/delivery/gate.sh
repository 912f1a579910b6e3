# shellcheck shell=bash
# shellcheck disable=SC2034 # what stands here is read by the files beside this one
# How the server is asked for something: over SSH, where infra/host/gate answers and nothing else.

# ask_gate WORDS…: has it do that, and shows what it says. SAID is that, CODE the gate's exit code;
# stops with 255 if there is no connection.
ask_gate() {
  CODE=0
  private
  keys
  disarm
  # What ssh has to say goes to a file: what the server says is not mixed with it.
  ssh -F /dev/null -T -E "$PRIVATE/ssh.log" -p "${DEPLOY_PORT:-22}" -l deploy -i "$PRIVATE/key" \
    -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none \
    -o StrictHostKeyChecking=yes -o UpdateHostKeys=no \
    -o UserKnownHostsFile="$PRIVATE/known_hosts" -o GlobalKnownHostsFile=/dev/null \
    -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=4 -o LogLevel=ERROR \
    -- "$DEPLOY_HOST" "$*" 2>&1 | tee "$PRIVATE/said" || CODE=$?
  arm
  SAID=$(<"$PRIVATE/said")
  warn
  ((CODE != 255)) || stop 255 "$(no_connection "$SAID")"
}

# What the gate warns of stands above the log as well.
warn() {
  local line
  while read -r line; do
    [[ $line != 'warning: '* ]] || tell warning "${line#warning: }"
  done <<<"$SAID"
}

# Ends with the exit code of a deployment or a rollback unless that is 0; else RELEASE is what
# serves now.
serves() {
  case $CODE in
    0) ;;
    1) stop 1 "the release was no good, and the old one serves as before: ${SAID##*$'\n'}" ;;
    2) stop 2 "the server refused, and nothing was changed: ${SAID##*$'\n'}" ;;
    3) stop 3 "the release was live and did badly, and the old one serves again: ${SAID##*$'\n'}" ;;
    4) stop 4 "it broke off, and nobody thought of that; see what serves: infra/delivery/status: ${SAID##*$'\n'}" ;;
    *) stop "$CODE" "the server's gate ended with $CODE: ${SAID##*$'\n'}" ;;
  esac
  [[ $SAID =~ done:\ ([A-Za-z0-9._+-]{1,128})\ serves ]] ||
    stop 1 "the server did not say which release serves: is its copy of the repository an old one?"
  RELEASE=${BASH_REMATCH[1]}
}

# Actions obeys each line of its log that begins with `::`. Between these two it obeys none but
# the last, by a word that the server cannot know. It reads the two streams side by side: all goes
# to one of them from here on, that of `tell`, or the order would be anybody's.
disarm() {
  [[ ${GITHUB_ACTIONS:-} == true ]] || return 0
  exec >&2
  WORD=$(od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$WORD"
}

# The server's last line may have no end.
arm() { [[ ${GITHUB_ACTIONS:-} != true ]] || printf '\n::%s::\n' "$WORD"; }

no_connection() {
  local log
  log=$(tr -d '\r' <"$PRIVATE/ssh.log")
  case $log in
    *'HOST IDENTIFICATION HAS CHANGED'* | *'Host key verification failed'*)
      printf 'DEPLOY_KNOWN_HOSTS: the server shows another host key, and was told nothing; if you made it anew, take the line from its console (docs/deploy.md), else somebody is in between'
      ;;
    *'Permission denied'*)
      printf 'DEPLOY_KEY: the server does not take this key: is its public half the one that prepare.sh was given?'
      ;;
    *)
      if [[ -z $1 ]]; then
        printf 'DEPLOY_HOST: the server cannot be reached: %s' "${log##*$'\n'}"
      else
        printf 'the connection to the server broke: %s; see what serves before trying again: infra/delivery/status' "${log##*$'\n'}"
      fi
      ;;
  esac
}
