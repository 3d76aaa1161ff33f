#!/bin/sh
# sh cancel.sh HOME FOLDER GRACE: ends the running tasks of one submission, whose `cancel` marker is written already:
# SIGTERM to each task's processes, SIGKILL after GRACE seconds. Closes its standard output when all had their SIGTERM.
set -u
# The folder's mode says whether a group may read what is written here.
umask 027
unset IFS CDPATH
trap : HUP INT QUIT
scripts=${0%/*}
# shellcheck source=src/local/process.sh
. "$scripts/process.sh"
cd -P "$2" || exit 1

# each SIGNAL: sends it to every task that runs; sets $left to how many those are. Signal 0 only counts.
each() {
  left=0
  for marker in t/*.payload; do
    key=${marker#t/}
    key=${key%.payload}
    [ -e "$marker" ] || continue
    [ ! -e "t/$key.end" ] || continue
    read -r payload payload_born payload_boot <"$marker" || continue
    alive "$payload" "$payload_born" "$payload_boot" || continue
    left=$((left + 1))
    [ "$1" != 0 ] || continue
    # Not by `:`, at which dash ends where that cannot be written, and the task would go on.
    printf '' >"t/$key.cancel"
    kill -s "$1" -- "-$payload" 2>/dev/null
    # A stopped process sees its SIGTERM only when it goes on.
    kill -s CONT -- "-$payload" 2>/dev/null
  done
}

each TERM
exec </dev/null >/dev/null 2>&1
tenths=$(($3 * 10))
while [ "$left" -gt 0 ] && [ "$tenths" -gt 0 ]; do
  sleep 0.1
  tenths=$((tenths - 1))
  each 0
done
[ "$left" -eq 0 ] || each KILL
exec sh "$scripts/pump.sh" "$1"
