# shellcheck shell=bash
# shellcheck disable=SC2034 # what stands here is read by the files beside this one
# The base images of the project's compose and Docker files. An image that is there
# under its tag is left alone unless an older recipe of the lab made it; on a machine
# whose own engine runs, the official image is asked for first; else a stand-in is
# built from forky: one bare system, and on it one Dockerfile for each image.

# The tags that the project's files use; one each.
declare -rA IMAGE_TAGS=(
  [base]='kaira-lab/base:forky'
  [python]='python:3.14-slim'
  [nginx]='nginx:1.30'
  [pebble]='kaira-lab/pebble:latest'
  [certbot]='certbot/certbot:v5.5.0'
  [registry]='registry:2'
  [server]='kaira-lab/server:latest'
  [tls]='kaira-lab/tls:latest'
  [prometheus]='prom/prometheus:v3.13.3-busybox'
  [alertmanager]='prom/alertmanager:v0.33.1'
  [node_exporter]='prom/node-exporter:v1.11.1'
  [nginx_exporter]='nginx/nginx-prometheus-exporter:1.5.1'
  [blackbox]='prom/blackbox-exporter:v0.28.0'
  [cloud_init]='kaira-lab/cloud-init:latest'
)

# What an image says of its own version, for the record.
declare -rA IMAGE_VERSION=(
  [base]='cat /etc/debian_version'
  [python]='python3 --version'
  [nginx]='nginx -v'
  [pebble]='dpkg-query --show pebble'
  [certbot]='certbot --version'
  [registry]='registry --version'
  [server]='dockerd --version'
  [tls]='dpkg-query --show testssl.sh'
  [prometheus]='dpkg-query --show prometheus'
  [alertmanager]='dpkg-query --show prometheus-alertmanager'
  [node_exporter]='dpkg-query --show prometheus-node-exporter'
  [nginx_exporter]='dpkg-query --show prometheus-nginx-exporter'
  [blackbox]='dpkg-query --show prometheus-blackbox-exporter'
  [cloud_init]='cloud-init --version'
)
readonly IMAGE_RECIPE=kaira.lab.recipe # the label that tells which recipe made an image

# image_up NAME: the image is there under its tag.
image_up() {
  local name=$1 tag=${IMAGE_TAGS[$1]} made recipe
  image_exists "$tag" && made=$(image_label "$tag") || made=absent
  if [[ -z $made ]]; then
    say "image: $tag is there, and not of the lab's making"
    return
  fi
  if [[ $made == absent && $name != base && $tag != kaira-lab/* ]] && ! engine_is_ours; then
    say "image: pull $tag"
    quietly "pull-$name" docker pull --quiet "$tag" && return
  fi

  recipe=$(image_recipe "$name")
  if [[ $made == "$recipe" ]]; then
    say "image: $tag is there"
  elif [[ $name == base ]]; then
    base_make "$tag" "$recipe"
  else
    image_up base
    say "image: build $tag"
    quietly "build-$name" docker build --progress plain --label "$IMAGE_RECIPE=$recipe" \
      --tag "$tag" "$LAB_DIR/images/$name" || die "image: cannot build $tag"
  fi
}

image_exists() { docker image inspect "$1" >/dev/null 2>&1; }

image_label() {
  docker image inspect --format "{{with .Config.Labels}}{{index . \"$IMAGE_RECIPE\"}}{{end}}" "$1"
}

image_recipe() {
  local base
  host_mirror
  base=$(recipe "$LAB_DIR/base.sh" "$HOST_MIRROR" "$HOST_CERTIFICATES")
  if [[ $1 == base ]]; then
    printf '%s\n' "$base"
  else
    recipe "$base" "$LAB_DIR/images/$1"
  fi
}
