#!/bin/sh
# Renders /etc/nginx/templates/NAME.template into /etc/nginx/conf.d/NAME, subfolders
# kept. Only variables that the environment defines are replaced, so nginx's own stay.
# As in the official image, a folder that cannot be written is reported and passed
# over: nginx then starts without the rendered file.
set -e

templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}

note() {
  [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || printf '%s: %s\n' "${0##*/}" "$*"
}

[ -d "$templates" ] || exit 0
if [ ! -w "$output" ]; then
  note "ERROR: $templates is there, but $output cannot be written"
  exit 0
fi

# awk's ENVIRON, not `env`: a value of several lines is still one variable.
variables=$(NAMES=${NGINX_ENVSUBST_FILTER:-} awk 'BEGIN {
  for (name in ENVIRON) if (name ~ ENVIRON["NAMES"]) printf "${%s} ", name
}')

find "$templates" -follow -type f -name "*$suffix" | while read -r template; do
  relative=${template#"$templates"/}
  target=$output/${relative%"$suffix"}
  mkdir -p "${target%/*}"
  note "rendering $template into $target"
  envsubst "$variables" <"$template" >"$target"
done
