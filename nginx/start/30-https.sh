#!/bin/sh
# With a DOMAIN there is a server for HTTPS; nginx.conf includes what is linked here.
set -eu

[ -z "${DOMAIN-}" ] || ln -sf /etc/nginx/kaira/tls/server.conf /run/kaira/secure.conf
