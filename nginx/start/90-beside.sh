#!/bin/sh
# Starts what runs beside nginx, as its user: `keep` has the whole site in the cache, and `count`
# tells Prometheus what is answered.
set -eu

for each in keep count; do
  setsid setpriv --reuid nginx --regid nginx --clear-groups \
    /etc/nginx/kaira/start/$each </dev/null >/dev/null 2>&1 &
done
