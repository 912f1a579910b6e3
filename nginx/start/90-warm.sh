#!/bin/sh
# Starts the process that keeps the whole site in the cache, beside nginx.
set -eu

setsid /etc/nginx/kaira/start/warm </dev/null >/dev/null 2>&1 &
