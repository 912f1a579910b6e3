#!/bin/sh
# Debian's nginx with what the official build has compiled in: the prefix /etc/nginx
# and the modules stream and mail, which are loadable ones here. nginx takes one -g
# only, so the caller's words join ours; all else is handed on as it is.
set -eu

directives='load_module /usr/lib/nginx/modules/ngx_stream_module.so;'
directives="$directives load_module /usr/lib/nginx/modules/ngx_mail_module.so;"

# Walk the arguments once; each is put back at the end of the list, except -g.
count=$#
while [ "$count" -gt 0 ]; do
  argument=$1
  shift
  count=$((count - 1))
  if [ "$argument" = -g ] && [ "$count" -gt 0 ]; then
    directives="$directives $1"
    shift
    count=$((count - 1))
  else
    set -- "$@" "$argument"
  fi
done

exec /usr/libexec/nginx/nginx -p /etc/nginx/ -g "$directives" "$@"
