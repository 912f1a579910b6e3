# shellcheck shell=bash
# shellcheck disable=SC2034 # what stands here is read by the files beside this one
# What every file of the lab shares: where it keeps its things, how it talks,
# how it gives up, and how a half-done step never passes for a done one.

export PATH=$PATH:/usr/sbin:/sbin # where a plain `su` does not look

LAB=${KAIRA_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/kaira-lab}
LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Bounds of every wait, in seconds.
readonly FETCH_TIMEOUT=600 # one run of apt or of a build
readonly ENGINE_TIMEOUT=60 # from starting the engine to its first answer
readonly STOP_TIMEOUT=30   # from asking the engine to stop to ending it
readonly LOCK_TIMEOUT=1200 # for another run of the lab to finish

# say WORDS: a step, with the seconds since the start.
say() { printf '==> %4ds  %s\n' "$SECONDS" "$*"; }

# die WORDS: the one line that says which part could not be had.
die() {
  printf '==> %4ds  FAILED: %s\n' "$SECONDS" "$*" >&2
  exit 1
}

# quietly LOG COMMAND…: bounded, its output kept in LOG and shown only if it fails.
quietly() {
  local log=$LAB/log/$1
  shift
  timeout --foreground --kill-after=10 "$FETCH_TIMEOUT" "$@" >"$log" 2>&1 </dev/null && return
  printf '%s\n' "--- the end of $log" >&2
  tail -n 25 "$log" >&2
  return 1
}

# One run at a time. The lock is file descriptor 9, and a child that outlives a
# killed run holds it until it ends, so that the next run never meets it at work.
lab_lock() {
  mkdir -p "$LAB/log" "$LAB/tmp"
  exec 9>"$LAB/lock"
  if ! flock --nonblock 9; then
    say "another run is at work, or its last step: wait for it"
    flock --wait "$LOCK_TIMEOUT" 9 || die "another run still holds $LAB/lock after ${LOCK_TIMEOUT}s"
  fi
  rm -rf --one-file-system "${LAB:?}/tmp" # what an interrupted run left; nothing finished lives there
  mkdir -p "$LAB/tmp"
}

# recipe FILE-OR-WORD…: one short name for all that goes into a thing. It changes
# when any of them does, and so tells whether a thing made earlier is still the thing.
recipe() {
  local part
  for part in "$@"; do
    if [[ -d $part ]]; then
      find "$part" -type f -printf '%m %P\n' -exec sha256sum {} + | sed "s|$part||" | LC_ALL=C sort
    elif [[ -f $part ]]; then
      sha256sum <"$part"
    else
      printf '%s\n' "$part"
    fi
  done | sha256sum | cut -c1-16
}
