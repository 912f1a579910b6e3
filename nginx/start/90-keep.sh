#!/bin/sh
# Starts the process that keeps the whole site in the cache, beside nginx and as its user.
set -eu

setsid setpriv --reuid nginx --regid nginx --clear-groups \
  /etc/nginx/kaira/start/keep </dev/null >/dev/null 2>&1 &
