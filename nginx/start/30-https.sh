#!/bin/sh
# Only with a DOMAIN is there a server for HTTPS, and a way to it from plain HTTP: nginx.conf and
# servers/site.conf include these where there is such a folder.
set -eu

[ -z "${DOMAIN-}" ] || ln -sfn /etc/nginx/kaira/tls /run/kaira/tls
