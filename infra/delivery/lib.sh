# shellcheck shell=bash
# shellcheck disable=SC2034 # what stands here is read by the files beside this one
# What the scripts of a delivery share: how they talk, where secrets lie, which registry it is.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# tell error|warning|notice WORDS: one line; Actions shows it above its log and on the summary.
tell() {
  local kind=$1 words
  shift
  words=${*//[$'\r\n']/ }
  if [[ ${GITHUB_ACTIONS:-} == true ]]; then
    printf '::%s::%s\n' "$kind" "${words//%/%25}" >&2
  else
    printf '%s: %s\n' "${0##*/}" "$words" >&2
  fi
  [[ -z ${GITHUB_STEP_SUMMARY:-} ]] || printf -- '- %s: %s\n' "$kind" "$words" >>"$GITHUB_STEP_SUMMARY"
}

# stop CODE WORDS: the one line that says what is wrong and what to do.
stop() {
  local code=$1
  shift
  tell error "$@"
  exit "$code"
}

# output NAME=VALUE…: for the steps after this one.
output() { [[ -z ${GITHUB_OUTPUT:-} ]] || printf '%s\n' "$@" >>"$GITHUB_OUTPUT"; }

# A folder that nobody else may read, as PRIVATE; gone when the script ends, however it ends.
private() {
  umask 077
  PRIVATE=$(mktemp -d)
  trap 'rm -rf "$PRIVATE"' EXIT
}

# The key and whom it is for, as the files that ssh reads. A text field has often lost the last
# line's end, or made two characters of it.
keys() {
  printf '%s\n' "${DEPLOY_KEY//$'\r'/}" >"$PRIVATE/key"
  printf '%s\n' "${DEPLOY_KNOWN_HOSTS//$'\r'/}" >"$PRIVATE/known_hosts"
}

# The registry, and who pushes to it and pulls from it. The job's own token is good for GitHub's,
# and is for nobody else.
registry() {
  REGISTRY=${REGISTRY:-ghcr.io}
  if [[ $REGISTRY == ghcr.io && -z ${REGISTRY_TOKEN:-} && -n ${GITHUB_TOKEN:-} ]]; then
    REGISTRY_USER=${GITHUB_ACTOR:-token} REGISTRY_TOKEN=$GITHUB_TOKEN
  fi
}
