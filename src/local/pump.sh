#!/bin/sh
# sh pump.sh HOME [try]: starts what waits while slots are free; with `try`, leaves it to a pump that is at it.
# HOME is one user's folder on one host:
#
#   limit      how many CPUs all tasks that run may take together
#   capacity   how much memory (MiB), and how many GPUs
#   queue/E    symbolic link to a submission's folder, made while it is held; E sorts by time, and ends in
#              "+CPUS,MIB,GPUS" where a task takes something else than one CPU
#   slots/N    who runs: "watcher-pid watcher-born boot payload-pid payload-born E KEY" ("- -" before the payload is there)
#   lock       flock(1) on it is held by one pump at a time
#
# No wake-up is lost. Three events can make a start possible: a submission is published, a slot is released, a task is
# cancelled. Whoever causes one runs a pump afterwards. Pumps follow each other by the lock, each reads all state after it
# got the lock, and leaves only when no slot is free or no waiting task may start. So the pump that follows the last
# event sees everything. Should that pump be killed, the next event or look of Waybill's runs another.
#
# Nothing passes what waits for room: it would never find any. Only of an array that keeps to its own limit the room is
# there for others.
#
# Nothing runs twice. A task runs after its start marker was linked into place, which succeeds once. The cursor (`next`)
# passes a task only when its marker is there; before that, any pump tries it again. The watcher inherits the lock and
# drops it with the marker written, so a pump killed in between leaves no half-started task for others to see.
# Where flock is not supported this still holds; but two pumps could give the slot of one dead owner to two tasks.
set -u
umask 077
unset IFS CDPATH
LC_ALL=C
export LC_ALL
scripts=${0%/*}
home=$1
# shellcheck source=src/local/process.sh
. "$scripts/process.sh"
cd "$home" || exit 1
# Nobody waits for a pump: it lets go of whoever started it.
exec </dev/null >/dev/null 2>&1
exec 9>>lock
if [ "${2-}" = try ]; then
  flock -n 9 || exit 0
else
  flock 9 || :
fi

allowed=1
[ ! -e limit ] || read -r allowed <limit
most_memory=
most_gpus=
[ ! -e capacity ] || read -r most_memory most_gpus <capacity

# weigh ENTRY: sets $cpus, $memory and $gpus to what one of its tasks takes.
weigh() {
  cpus=1
  memory=0
  gpus=0
  case $1 in
    *+*,*,*)
      weight=${1##*+}
      cpus=${weight%%,*}
      weight=${weight#*,}
      memory=${weight%,*}
      gpus=${weight#*,}
      ;;
  esac
}

# add ENTRY: one of its tasks runs.
add() {
  weigh "$1"
  tasks=$((tasks + 1))
  taken=$((taken + cpus))
  taken_memory=$((taken_memory + memory))
  taken_gpus=$((taken_gpus + gpus))
  running="$running$1 "
}

# fits ENTRY: whether there is room for one of its tasks. Alone it always has: there may be less by now than it asks for.
fits() {
  [ "$tasks" -gt 0 ] || return 0
  weigh "$1"
  [ $((taken + cpus)) -le "$allowed" ] &&
    [ $((taken_memory + memory)) -le "${most_memory:-$((taken_memory + memory))}" ] &&
    [ $((taken_gpus + gpus)) -le "${most_gpus:-$((taken_gpus + gpus))}" ]
}

# Slots of dead owners are freed; a payload that outlives its watcher keeps its slot.
tasks=0
taken=0
taken_memory=0
taken_gpus=0
running=' '
for slot in slots/*; do
  [ -e "$slot" ] || continue
  read -r watcher watcher_born owner_boot payload payload_born entry key <"$slot" || continue
  # A watcher that has told the end becomes a pump, and its slot is free even if it could not remove it.
  if { [ "$watcher" != "$$" ] && alive "$watcher" "$watcher_born" "$owner_boot"; } ||
    { [ "$payload" != - ] && alive "$payload" "$payload_born" "$owner_boot"; }; then
    add "$entry"
  else
    rm -f "$slot"
  fi
done

# count ENTRY: sets $count to how many of its tasks run.
count() {
  count=0
  rest=$running
  while :; do
    case $rest in *" $1 "*) ;; *) return ;; esac
    rest=" ${rest#*" $1 "}"
    count=$((count + 1))
  done
}

# start ENTRY KEY: returns when the task's start marker is there, or cannot come.
start() {
  slot=1
  while [ -e "slots/$slot" ]; do
    slot=$((slot + 1))
  done
  # Command substitution waits until the watcher has closed its standard output. `setsid -f` forks; a shell's own `&`
  # would make the payload ignore SIGINT and SIGQUIT for good.
  : "$(setsid -f sh "$scripts/watch.sh" "$home" "$slot" "$1" "$2")"
  [ -e "queue/$1/t/$2.start" ]
}

# serve ENTRY: starts its tasks while it may; the link goes when none is left to start.
serve() {
  at=1
  [ ! -e "queue/$1/next" ] || read -r at <"queue/$1/next"
  most=
  [ ! -e "queue/$1/limit" ] || read -r most <"queue/$1/limit"
  while :; do
    key=$(sed -n "${at}{p;q;}" "queue/$1/tasks") || return
    if [ -z "$key" ]; then
      rm -f "queue/$1"
      return
    fi
    if [ ! -e "queue/$1/t/$key.start" ]; then
      count "$1"
      [ -z "$most" ] || [ "$count" -lt "$most" ] || return
      fits "$1" || {
        full=yes
        return
      }
      start "$1" "$key" || return
      add "$1"
    fi
    at=$((at + 1))
    printf '%s\n' "$at" >"queue/$1/next.$$" && mv "queue/$1/next.$$" "queue/$1/next"
  done
}

full=
for link in queue/*; do
  entry=${link#queue/}
  # A folder that cannot be reached now is not a reason to forget its job.
  [ -e "queue/$entry/tasks" ] || continue
  if [ ! -e "queue/$entry/submitted" ]; then
    # Held. Its holder's death is looked at first: what is not published after that never will be.
    read -r holder holder_born holder_boot <"queue/$entry/holder" || continue
    alive "$holder" "$holder_born" "$holder_boot" && continue
    [ -e "queue/$entry/submitted" ] || {
      rm -f "queue/$entry"
      continue
    }
  fi
  if [ -e "queue/$entry/cancel" ]; then
    rm -f "queue/$entry"
    continue
  fi
  [ "$taken" -lt "$allowed" ] || break
  serve "$entry"
  [ -z "$full" ] || break
done
exit 0
