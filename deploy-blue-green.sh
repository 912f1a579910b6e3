#!/usr/bin/env bash
# Brings a new version of the application live without one dropped request.
#
# Two colours, blue and green; visitors are sent to one of them. The other one is started with
# the new version, tested through the edge, and made live by renaming a file that nginx looks
# at once a second. Nothing is reloaded. Which colour serves is read from that file alone.
# shellcheck disable=SC2016 # what stands in single quotes is run inside the edge's container
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly START_SECONDS=${START_SECONDS:-60}  # until a new version must be well
readonly WATCH_SECONDS=${WATCH_SECONDS:-20}  # how long it is watched once it is live
readonly DRAIN_SECONDS=${DRAIN_SECONDS:-300} # how long the old one's last requests may take
readonly KEEP=6                              # releases whose images stay: what serves, and five to go back to
readonly NEED_MEMORY_MB=160                  # for a second copy beside the first
readonly NEED_DISK_MB=1024

readonly DEPLOYED=0 FAILED=1 REFUSED=2 ROLLED_BACK=3 BROKE_OFF=4

readonly PROJECT=${COMPOSE_PROJECT_NAME:-kaira}
readonly EDGE=$PROJECT-nginx
readonly JOURNAL=/live/deployments.jsonl # in the edge's volume, beside the flag
export COMPOSE_PROJECT_NAME=$PROJECT COMPOSE_IGNORE_ORPHANS=1 COMPOSE_PROGRESS=quiet DRAIN_SECONDS
export COMPOSE_FILE=${COMPOSE_FILE:-docker-compose.blue-green.yml}

usage() {
  cat <<EOF
usage: ./deploy-blue-green.sh [IMAGE]        make IMAGE live (default: build what is here)
       ./deploy-blue-green.sh --rollback [N] make the release live that served N before (default 1)
       ./deploy-blue-green.sh --status       which colour serves, what it is, what was deployed
       ./deploy-blue-green.sh --leave        hand over to docker-compose.prod.yml
       ./deploy-blue-green.sh --help

  --dry-run   with IMAGE or --rollback: check everything, change nothing; an image that is not
              here is pulled

Exit codes: $DEPLOYED deployed; $FAILED failed, and the old version still serves; $REFUSED refused, and nothing
was changed; $ROLLED_BACK it was live, did badly, and the old version serves again; $BROKE_OFF something went
wrong that nobody thought of: --status tells what serves.

Environment: START_SECONDS=$START_SECONDS WATCH_SECONDS=$WATCH_SECONDS DRAIN_SECONDS=$DRAIN_SECONDS COMPOSE_PROJECT_NAME=$PROJECT
EOF
}

main() {
  local task=deploy image='' back=1 name
  dry=''
  while (($#)); do
    case $1 in
      --rollback)
        task=rollback
        if [[ -n ${2:-} && $2 != -* ]]; then back=$2 && shift; fi
        ;;
      --status | --leave) task=${1#--} ;;
      --dry-run) dry=yes ;;
      --help | -h) usage && finish 0 ;;
      -*) refuse "no such option: $1 (see --help)" ;;
      *)
        [[ -z $image ]] || refuse "one image at a time: got $image and $1"
        image=$1
        ;;
    esac
    shift
  done
  [[ $back =~ ^[1-9][0-9]*$ ]] || refuse "--rollback takes a number from 1, and got $back"
  [[ -z $image || $task == deploy ]] || refuse "--$task takes no image, and got $image"
  docker version >/dev/null 2>&1 || refuse "the Docker Engine does not answer: is it running, and may $(id -un) use it?"
  for name in START_SECONDS WATCH_SECONDS DRAIN_SECONDS; do
    [[ ${!name} =~ ^(0|[1-9][0-9]{0,4})$ ]] || refuse "$name takes whole seconds, and got ${!name}"
  done
  [[ -z $dry || $task == deploy || $task == rollback ]] || refuse "--dry-run goes with IMAGE or --rollback"
  [[ $task == status ]] || lock
  case $task in
    status) status ;;
    leave) leave ;;
    rollback) rollback "$back" ;;
    deploy) deploy "$image" ;;
  esac
}

# The tasks

deploy() {
  preflight
  take_image "$1"
  replace deployed
}

rollback() {
  local earlier
  preflight
  earlier=$(earlier_images | sed -n "$1p" | grep .) ||
    refuse "there is no release $1 before the one that serves: see --status"
  take_image "$earlier"
  replace returned
}

# The whole way, from an image to the old version's end.
replace() {
  local before
  [[ -z $dry ]] || finish_dry_run
  remember_what_serves
  start_idle
  wait_until_well
  smoke_test once
  wait_for_names
  read -r _ before _ < <(look_at "$idle") || give_up "the edge cannot be asked how $idle does"
  switch_to "$idle"
  watch
  docker tag "$image" "$(release_tag "$image")"
  record "$1" "$idle" "$release" "$image" "$digest"
  drain "$live"
  prune
  say "done: $release serves as $idle"
}

status() {
  local colour state live line
  edge_runs || refuse "the edge ($EDGE) does not run: docker compose -f ${COMPOSE_FILE%%:*} up -d"
  live=$(live_colour)
  for colour in blue green; do
    state=$(docker inspect --format '{{.State.Status}}, since {{.State.StartedAt}}' "$(container $colour)" 2>/dev/null) || state='not there'
    line=$(printf '%-5s  %s' $colour "$state")
    [[ $state != running* ]] || line+=", release $(release_of $colour)"
    [[ $colour != "$live" ]] || line+='  <- serves'
    printf '%s\n' "$line"
  done
  printf '\nlast deployments:\n'
  journal | tail -n 10 | while read -r line; do
    printf '  %s  %-11s  %-5s  %s\n' "$(field "$line" timestamp)" "$(field "$line" outcome)" \
      "$(field "$line" colour)" "$(field "$line" release)"
  done
  printf '\nto roll back to:\n'
  local number=0 id
  while read -r id; do
    printf '  --rollback %d  %s\n' $((++number)) "$(image_release "$id")"
  done < <(earlier_images)
}

# leave: the one application of docker-compose.prod.yml takes over what serves now.
leave() {
  local image
  preflight
  runs "$live" || refuse "nothing serves that could be handed over"
  image=$(COMPOSE_FILE=docker-compose.prod.yml docker compose config --images app)
  say "start app, as docker-compose.prod.yml has it"
  # A name by digest is what it is; any other one is given to what serves.
  [[ $image == *@* ]] || docker tag "$(image_of "$live")" "$image"
  if [[ $live == green ]]; then
    stop_colour blue
    docker rm "$PROJECT-blue" >/dev/null 2>&1 || true # app is in its place from here on
  fi
  if ! COMPOSE_FILE=docker-compose.prod.yml docker compose up --detach --no-deps --no-build --wait app; then
    docker logs --tail 20 "$PROJECT-app-1" >&2 || true
    docker rm --force "$PROJECT-app-1" >/dev/null 2>&1 || true # visitors of blue would come to it as well
    fail "app does not get well; $live still serves"
  fi
  started=${EPOCHREALTIME/[.,]/}
  if [[ $live == green ]]; then
    release=$(release_of green) image=$(image_of green) digest=''
    wait_until_well
    empty_cache
    smoke_test
    wait_for_names
    switch_to blue
  else
    wait_for_names
  fi
  record left blue "$(release_of blue)" "$(image_of blue)" ''
  stop_colour "$live"
  docker rm --force "$PROJECT-blue" "$PROJECT-green" >/dev/null 2>&1 || true
  say "done: docker compose -f docker-compose.prod.yml is in charge"
}

# The steps

lock() {
  local file=/tmp/$PROJECT-deploy.lock # of the project, whichever folder this is run in
  command -v flock >/dev/null || refuse "flock is missing: install util-linux"
  [[ -e $file ]] || (umask 022 && : >"$file")
  # The kernel lets go of it however this process ends.
  exec 9<"$file"
  flock --nonblock 9 || refuse "another deployment is running"
}

preflight() {
  local config domain reason have
  say "preflight"
  config=$(docker compose config 2>&1) || refuse "${COMPOSE_FILE%%:*} is not valid: ${config##*$'\n'}"
  domain=$(sed -n '/^ *DOMAIN: /{s/.*: "\{0,1\}\([^"]*\)"\{0,1\}$/\1/p;q}' <<<"$config")
  if [[ -n $dry ]]; then
    edge_runs || refuse "the edge ($EDGE) does not run; without --dry-run it would be started"
  else
    if [[ $(health_of "$EDGE") != healthy ]]; then
      # Never made anew while it runs: that would drop what it is sending.
      reason=$(docker compose up --detach --no-recreate --no-deps --no-build --wait nginx 2>&1) ||
        refuse "the edge does not start: ${reason##*$'\n'}"
    fi
    [[ -z $domain || $(health_of "$PROJECT-certbot-1") == healthy ]] || start_certbot
  fi
  same_domain "$domain"
  live=$(live_colour)
  idle=$(other "$live")
  have=$(edge df -Pm /var/cache/kaira | awk 'END { print $4 }')
  ((have >= NEED_DISK_MB)) || refuse "disk: $have MB are free, $NEED_DISK_MB are needed: docker system df"
  have=$(edge awk '/^(MemAvailable|SwapFree):/ { kb += $2 } END { print int(kb / 1024) }' /proc/meminfo)
  ((have >= NEED_MEMORY_MB)) || refuse "memory: $have MB are available, a second copy needs $NEED_MEMORY_MB: add swap, or memory"
}

# A certificate that is in trouble is no reason to keep a release back, and may be cured by one.
start_certbot() {
  local reason
  reason=$(docker compose up --detach --no-recreate --no-deps --no-build certbot 2>&1) ||
    say "certbot does not start: ${reason##*$'\n'}"
  [[ $(health_of "$PROJECT-certbot-1") != unhealthy ]] ||
    say "certbot is not well: docker logs $PROJECT-certbot-1"
}

# The new version knows the site by the name that is set now, the edge by that of its start.
same_domain() {
  local set=$1 has
  has=$(edge printenv DOMAIN) || has=''
  [[ $set == "$has" ]] ||
    refuse "DOMAIN is '$set' now, and the edge was started with '$has': docker compose -f ${COMPOSE_FILE%%:*} up -d nginx certbot"
}

# take_image NAME: sets image (its id), digest and release.
take_image() {
  local name=$1 reason
  if [[ -z $name ]]; then
    name=$PROJECT-server:built release=${RELEASE:-$(describe)}
    [[ -z $dry ]] || return 0 # what is not built yet cannot be looked at
    say "build"
    docker build --quiet --file Dockerfile.prod --tag "$name" \
      --build-arg "RELEASE=$release" . >/dev/null 9<&- || refuse "the image cannot be built: docker build -f Dockerfile.prod ."
  # A tag of a registry may have moved; a digest means the same for ever.
  elif [[ $name == */* && $name != *@* ]] || ! docker image inspect "$name" >/dev/null 2>&1; then
    say "pull $name"
    reason=$(docker pull --quiet "$name" 2>&1 9<&-) || refuse "cannot pull $name: ${reason##*$'\n'}"
  fi
  image=$(docker image inspect --format '{{.Id}}' "$name" 2>/dev/null) || refuse "no such image: $name"
  digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image")
  digest=${digest%%$'\n'*} digest=${digest#*@}
  release=$(image_release "$image")
}

# What serves and was not deployed by this script, as before the first time and after --leave, is
# what a rollback goes back to nevertheless.
remember_what_serves() {
  local found
  runs "$live" || return 0
  found=$(image_of "$live")
  [[ $found != "$(served | sed -n 1p)" ]] || return 0
  docker tag "$found" "$(release_tag "$found")"
  record found "$live" "$(release_of "$live")" "$found" ''
}

start_idle() {
  say "start $idle with $release"
  stop_colour "$idle" # if it runs: an earlier deployment was killed before its end
  empty_cache
  docker tag "$image" "$PROJECT-server:$idle"
  docker compose up --detach --no-deps --no-build --pull never --force-recreate "app-$idle" >/dev/null ||
    give_up "$idle cannot be started"
  started=${EPOCHREALTIME/[.,]/}
}

# What is there is of an earlier release, and of more spellings than are asked for.
empty_cache() { edge find "/var/cache/kaira/$idle" -mindepth 1 -delete 2>/dev/null || true; }

wait_until_well() {
  local end=$((SECONDS + START_SECONDS)) seen
  say "wait for its health"
  until seen=$(release_of "$idle") && [[ -n $seen ]]; do
    must_run "$idle" || give_up "$idle $reason"
    ((SECONDS < end)) || give_up "$idle is not well after $START_SECONDS s"
    sleep 0.3
  done
  [[ -z $release || $seen == "$release" ]] || give_up "$idle answers as release $seen, and $release was expected"
  release=$seen
}

# smoke_test [once]: through the edge, by the way that visitors will go; what is fetched stays in its
# cache. Once: as most browsers ask, and the rest comes while the new version is watched.
smoke_test() {
  local bad
  say "ask for every page, and fill the cache"
  bad=$(crawl strictly "$@" 2>&1) || give_up "not well: ${bad%%$'\n'*}"
  [[ $(status_of "$idle" /api/info) == 200 ]] || give_up "not well: /api/info"
  [[ $(status_of "$idle" "/nothing-$RANDOM") == 404 ]] || give_up "not well: a path that is not there is not 404"
  must_run "$idle" || give_up "$idle $reason"
}

# The edge looks every 2 s who is behind a name (4 s where the DNS fails), and for visitors apart
# from what has been asked so far: this one knowing the new container says nothing of that one.
wait_for_names() {
  while ((${EPOCHREALTIME/[.,]/} < started + 5000000)); do sleep 0.1; done
}

switch_to() {
  local tries=0
  say "switch to $1"
  # The edge may be starting anew just now.
  until rename_flag "$1"; do
    ((++tries < 30)) || return 1
    sleep 1
  done
  sleep 1 # until each of its processes has looked (nginx/site/all.conf)
}

rename_flag() {
  docker exec "$EDGE" sh -c '
    set -e
    : >/run/kaira/failures
    if [ "$1" = green ]; then
      : >/live/.green
      mv /live/.green /live/green
    elif [ -f /live/green ]; then
      mv /live/green /live/.green
    fi
    sync /live' switch "$1"
}

# Watches the new version while visitors use it; goes back as soon as it does badly. before: how many
# requests there had been until the switch, but for our own.
watch() {
  local end=$((SECONDS + WATCH_SECONDS)) ill=0 asked
  say "watch it for $WATCH_SECONDS s"
  watch_until $((SECONDS + (WATCH_SECONDS < 240 ? WATCH_SECONDS / 2 : 120))) # before `keep` would
  asked=$(crawl strictly 2>&1) || go_back "not well any more: ${asked%%$'\n'*}"
  asked=${asked##*$'\n'}
  [[ ! $asked =~ ^[0-9]+$ ]] || before=$((before + asked)) # an edge of an earlier checkout does not say
  watch_until "$end"
}

# Once at least.
watch_until() {
  local failures now requests seen
  while true; do
    must_run "$idle" || go_back "$idle $reason"
    read -r failures now seen < <(look_at "$idle") || failures=0 now=$before seen=''
    if [[ $(field "$seen" release) == "$release" ]]; then ill=0; else ((++ill < 3)) || go_back "$idle is not well any more"; fi
    requests=$((now - before)) before=$((before + 2)) # by the next time, two more of our own
    if ((failures >= 3 && failures * 100 > requests)); then
      go_back "$failures of $requests requests went wrong: $(edge tail -n 1 /run/kaira/failures)"
    fi
    ((SECONDS < $1)) || return 0
    sleep 0.2
  done
}

drain() {
  say "let $1 finish (at most $DRAIN_SECONDS s)"
  stop_colour "$1"
}

# Images that nobody can roll back to, of releases that were no good as well. A name without a
# registry in it is left, since somebody here gave it.
prune() {
  local id name kept
  say "prune"
  kept=$(served | awk -v keep=$KEEP '!seen[$0]++ && count++ < keep')
  journal | sed -n 's/.*"image":"\([^"]*\)".*/\1/p' | sort -u | { grep -vxF "$kept" || true; } | still_here |
    while read -r id; do
      docker image inspect --format '{{range .RepoTags}}{{println .}}{{end}}{{range .RepoDigests}}{{println .}}{{end}}' "$id" |
        { grep -e / -e "^$(release_tag "$id")$" || true; } | while read -r name; do
        docker image rm "$name" >/dev/null 2>&1 || true # a container has it still
      done
      [[ $(docker image inspect --format '{{.RepoTags}}' "$id" 2>/dev/null) != '[]' ]] ||
        docker image rm "$id" >/dev/null 2>&1 || true
    done
}

# How it can end

say() {
  local now=${EPOCHREALTIME/[.,]/}
  printf '==> %6.1f s  %s\n' "$(((now - BEGAN) / 100000))e-1" "$*"
}

refuse() {
  printf 'refused: %s\n' "$*" >&2
  finish $REFUSED
}

fail() {
  printf 'failed: %s\n' "$*" >&2
  finish $FAILED
}

finish() {
  told=yes
  exit "$1"
}

# However this process ends: who reads nothing else learns that it was not as it should be.
# shellcheck disable=SC2329 # called by a trap
ended() {
  [[ -z $told ]] || return 0
  printf 'broke off in line %s; --status tells what serves, and running this again goes on\n' "$line" >&2
  exit "$BROKE_OFF"
}

# give_up REASON: the new version is not live yet.
give_up() {
  last_words "$idle"
  record failed "$idle" "$release" "$image" "$digest" "$*"
  stop_colour "$idle" 10
  if runs "$live"; then fail "$*; $live still serves"; else fail "$*; nothing else runs"; fi
}

# go_back REASON: the new version is live.
go_back() {
  if ! runs "$live"; then
    last_words "$idle"
    record failed "$idle" "$release" "$image" "$digest" "$*"
    fail "$*; there is no other version to go back to, and $idle stays live"
  fi
  switch_to "$live"
  last_words "$idle"
  record 'rolled back' "$idle" "$release" "$image" "$digest" "$*"
  stop_colour "$idle"
  printf 'rolled back: %s; %s serves again\n' "$*" "$live" >&2
  finish $ROLLED_BACK
}

finish_dry_run() {
  say "all is well: ${release:-the new version} would be started as $idle and take over from $live"
  finish $DEPLOYED
}

last_words() {
  docker logs --tail 20 "$(container "$1")" >&2 || true
}

# record OUTCOME COLOUR RELEASE IMAGE DIGEST [REASON]: a line in the journal, and in the edge's log.
record() {
  local now=${EPOCHREALTIME/[.,]/} line
  printf -v line '{"timestamp":"%(%Y-%m-%dT%H:%M:%SZ)T","level":"info","event":"deployment","outcome":"%s","colour":"%s","release":"%s","image":"%s","digest":"%s","duration_seconds":%.1f' \
    -1 "$1" "$2" "$(plain "$3")" "$4" "$5" "$(((now - BEGAN) / 100000))e-1"
  [[ -z ${6:-} ]] || line+=",\"reason\":\"$(plain "$6")\""
  docker exec --interactive "$EDGE" sh -c "cat >>$JOURNAL && sync $JOURNAL && { tail -n 1 $JOURNAL >/proc/1/fd/1 || true; }" <<<"$line}" ||
    say "could not be written down in $JOURNAL: $1 $3"
}

# What there is

# A colour's container; docker-compose.prod.yml's one application is in the place of blue.
container() {
  if [[ $1 == blue ]] && ! docker inspect "$PROJECT-blue" >/dev/null 2>&1; then
    printf '%s' "$PROJECT-app-1"
  else
    printf '%s' "$PROJECT-$1"
  fi
}
other() { [[ $1 == blue ]] && printf green || printf blue; }
runs() { [[ $(docker inspect --format '{{.State.Running}}' "$(container "$1")" 2>/dev/null) == true ]]; }
edge() { docker exec --user nginx "$EDGE" "$@"; }
# Of a container: healthy, unhealthy, starting; nothing if it does not run.
health_of() { docker inspect --format '{{if .State.Running}}{{.State.Health.Status}}{{end}}' "$1" 2>/dev/null || true; }
edge_runs() { [[ $(docker inspect --format '{{.State.Running}}' "$EDGE" 2>/dev/null) == true ]]; }
live_colour() { edge sh -c 'if [ -f /live/green ]; then echo green; else echo blue; fi'; }
image_of() { docker inspect --format '{{.Image}}' "$(container "$1")"; }
image_release() { docker image inspect --format '{{index .Config.Labels "org.opencontainers.image.version"}}' "$1"; }
release_tag() { printf '%s-server:release-%.12s' "$PROJECT" "${1#sha256:}"; }
describe() { git describe --always --dirty 2>/dev/null || date -u +%Y%m%d%H%M%S; }
plain() { printf '%s' "${1//[^[:alnum:] .,:;\/_+@()%-]/}"; }

# Asks the edge for PATH of a colour, live or not: the answer's body, and 1 if it is not 200.
ask() {
  edge sh -c 'curl --silent --fail --max-time 2 --header "Host: ${DOMAIN:-localhost}" "$1"' ask "$(inside "$1")$2"
}

# crawl [strictly [once]]: every page of the idle colour.
crawl() { edge /etc/nginx/kaira/start/crawl "$idle" "$@"; }

status_of() {
  edge sh -c 'curl --silent --output /dev/null --write-out "%{http_code}" --max-time 10 \
    --header "Host: ${DOMAIN:-localhost}" "$1"' status "$(inside "$1")$2" || true
}

inside() {
  case $1 in
    blue) printf http://127.0.0.1:8082 ;;
    green) printf http://127.0.0.1:8083 ;;
  esac
}

# The release that a colour says it is; nothing if it is not well.
release_of() {
  local health
  health=$(ask "$1" /health) || return 0
  field "$health" release
}

# Whether a colour's container has run without a fall; else `reason` says what happened.
must_run() {
  local state memory code restarts
  read -r state memory code restarts < <(docker inspect --format \
    '{{.State.Status}} {{.State.OOMKilled}} {{.State.ExitCode}} {{.RestartCount}}' "$(container "$1")" 2>/dev/null) ||
    state=gone memory=false code=0 restarts=0
  reason="crashed (exit code $code)"
  [[ $state != running ]] || reason='crashed and was started again'
  if [[ $restarts != 0 ]] && fell_for_memory "$1"; then memory=true; fi
  [[ $memory == false ]] || reason='ran out of memory'
  [[ $state == running && $memory == false && $restarts == 0 ]]
}

# Docker forgets why it fell as soon as it has started it again; its events remember, on a busy
# machine a moment later.
fell_for_memory() {
  local look
  for look in 1 2 3; do
    [[ -z $(docker events --since "$(((${EPOCHREALTIME/[.,]/} - started) / 1000000 + 2))s" --until 0s --filter event=oom \
      --filter "container=$(container "$1")" --format x) ]] || return 0
    ((look == 3)) || sleep 0.5
  done
  return 1
}

# How many requests went wrong at a colour since the switch, how many there were ever, and
# what it says of its health.
look_at() {
  edge sh -c 'echo $(grep -c "^$1 " /run/kaira/failures) \
    $(curl --silent http://127.0.0.1:9145/connections | awk "NR == 3 { print \$3 }") \
    "$(curl --silent --fail --max-time 2 --header "Host: ${DOMAIN:-localhost}" "$2/health")"' \
    look "$1" "$(inside "$1")"
}

# Ends a colour's containers, each with its last request or after so many seconds.
stop_colour() {
  local seconds=${2:-$((DRAIN_SECONDS + 10))}
  if runs "$1"; then
    docker stop --time "$seconds" "$(container "$1")" >/dev/null 9<&- || say "$1 cannot be stopped"
  fi
  # In place of blue there may be the one application of docker-compose.prod.yml.
  if [[ $1 == blue ]] && docker inspect "$PROJECT-app-1" >/dev/null 2>&1 && [[ ${task:-} != leave ]]; then
    docker stop --time "$seconds" "$PROJECT-app-1" >/dev/null 9<&-
    docker rm "$PROJECT-app-1" >/dev/null
  fi
}

journal() { docker exec "$EDGE" sh -c "cat $JOURNAL 2>/dev/null" || true; }

# field JSON NAME: a text in a line of JSON as we write it.
field() {
  [[ $1 =~ \"$2\":\"([^\"]*)\" ]] || return 0
  printf '%s' "${BASH_REMATCH[1]}"
}

# The images that were ever live, a line each; the newest last.
deployed() { journal | sed -n 's/.*"outcome":"\(found\|deployed\|returned\)".*"image":"\([^"]*\)".*/\1 \2/p'; }

# Those that served one before the other, the newest first. What was gone back from is left out:
# nobody wants to go back to it.
served() {
  deployed | awk '$1 != "returned" && image[top] != $2 { image[++top] = $2 }
    $1 == "returned" { for (i = top; i && image[i] != $2; i--); if (i) top = i; else image[++top] = $2 }
    END { for (; top; top--) print image[top] }'
}

# Those before the one that serves, and still here.
earlier_images() {
  local now
  now=$(image_of "$(live_colour)" 2>/dev/null) || now=
  served | awk -v now="$now" '{ image[NR] = $0; if (!at && $0 == now) at = NR }
    END { for (i = at + 1; i <= NR; i++) if (image[i] != now) print image[i] }' | still_here
}

# Those of the images on standard input that this machine has.
still_here() { grep -xF -f <(docker image ls --no-trunc --quiet) || true; }

readonly BEGAN=${EPOCHREALTIME/[.,]/}
LC_ALL=C
export TZ=UTC
told='' line=''
trap 'line=$LINENO' ERR
trap ended EXIT
{
  main "$@"
  finish $DEPLOYED
} # read as one: this file may be replaced while it runs
