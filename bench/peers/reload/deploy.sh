#!/usr/bin/env bash
# The usual way to bring a new version live: start it beside the old one, wait until it is well,
# write nginx's upstream anew, reload, wait a while, stop the old one.
#
#   CONFIGURATION=FOLDER deploy.sh IMAGE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly GRACE_SECONDS=${GRACE_SECONDS:-10} # what the old one is answering has so long
export KAIRA_IMAGE=$1 COMPOSE_FILE=compose.yml

live=two
if grep -q 'server *one:' "$CONFIGURATION/site.conf" 2>/dev/null; then live=one; fi
if [[ $live == one ]]; then next=two; else next=one; fi

docker compose up --detach --no-deps --no-build --force-recreate --wait "$next"
sed "s/LIVE/$next/" site.conf >"$CONFIGURATION/.new"
mv "$CONFIGURATION/.new" "$CONFIGURATION/site.conf"
docker compose up --detach --no-recreate nginx # the first time
docker compose exec -T nginx nginx -t
docker compose exec -T nginx nginx -s reload
sleep "$GRACE_SECONDS"
docker compose stop "$live"
