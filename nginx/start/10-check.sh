#!/bin/sh
# Before nginx starts: what the environment says must make sense, and there must be room for
# the two files that are made from it. One line, and no start, if not.
set -eu

fail() {
  echo "kaira: $1" >&2
  exit 1
}

case ${DOMAIN-} in
  *[!A-Za-z0-9.-]* | .* | -*) fail "DOMAIN: got '$DOMAIN', takes one host name, example.com say" ;;
esac
case ${RATE_LIMIT-} in
  '' | 0* | *[!0-9]*) fail "RATE_LIMIT: got '${RATE_LIMIT-}', takes requests a second, 100 say" ;;
esac
[ -w /run/kaira ] || fail "/run/kaira must be writable: mount a tmpfs there"
