#!/bin/sh
# Before nginx starts: what the environment says must make sense (one line, and no start, if
# not), and there must be folders for what is written while it runs.
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
case ${HTTPS_PORT-} in
  '' | 0* | *[!0-9]* | ??????*) fail "HTTPS_PORT: got '${HTTPS_PORT-}', takes a port, 443 say" ;;
esac
[ -w /run/kaira ] || fail "/run/kaira must be writable: mount a tmpfs there"

# What beside nginx itself its user writes: see keep, crawl and count.
mkdir -p /run/kaira/state /run/kaira/counted /var/cache/kaira/lists
# nginx's master appends to them as root, and `count` empties them as nginx.
touch /run/kaira/counted/requests /run/kaira/failures
chmod 666 /run/kaira/counted/requests /run/kaira/failures
chown nginx:nginx /run/kaira/state /run/kaira/counted /var/cache/kaira/lists
