#!/bin/sh
# Starts what runs beside nginx, as its user: `keep` has the whole site in the cache, `count` tells
# Prometheus what is answered, and errors.sed writes nginx's own lines anew. Whatever ends is started
# again a second later.
set -eu

again='while true; do "$@"; sleep 1; done'

[ -p /run/kaira/errors ] || mkfifo /run/kaira/errors
# Open for both, so that it waits for nginx, and nginx never for it.
setsid setpriv --reuid nginx --regid nginx --clear-groups \
  sh -c "$again" errors sed -unEf /etc/nginx/kaira/start/errors.sed <>/run/kaira/errors 2>/dev/null &

for each in keep count; do
  setsid setpriv --reuid nginx --regid nginx --clear-groups \
    sh -c "$again" $each /etc/nginx/kaira/start/$each </dev/null >/dev/null 2>&1 &
done
