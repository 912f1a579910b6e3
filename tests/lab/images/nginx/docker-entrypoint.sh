#!/bin/sh
# The official image's way to start: when the command is nginx, what stands in
# /docker-entrypoint.d has its turn first, in the order of `sort -V`. A *.envsh is
# sourced (what it exports reaches the scripts after it), a *.sh is run, either only
# if executable; one that fails stops the start.
set -e

note() {
  [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || printf '%s: %s\n' "$0" "$*"
}

case ${1:-} in
  nginx | nginx-debug)
    find /docker-entrypoint.d -follow -type f | sort -V | while read -r part; do
      if [ "$part" = "${part%.sh}" ] && [ "$part" = "${part%.envsh}" ]; then
        note "ignoring $part, neither .sh nor .envsh"
      elif [ ! -x "$part" ]; then
        note "ignoring $part, not executable"
      elif [ "$part" = "${part%.envsh}" ]; then
        note "running $part"
        "$part"
      else
        note "sourcing $part"
        # shellcheck source=/dev/null # known only when it runs
        . "$part"
      fi
    done
    note "ready to start"
    ;;
esac

exec "$@"
