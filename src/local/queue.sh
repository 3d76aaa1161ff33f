# shellcheck shell=sh
# What waits and what runs, for pump.sh and watch.sh. Sourced with $home and $scripts set; whoever sources it defines
# `start ENTRY KEY`, which is called with the lock held and $slot set to a free slot: it returns when the task's start
# marker is there, or cannot come.
#
#   limit      how many CPUs all tasks that run may take together
#   capacity   how much memory (MiB), and how many GPUs
#   queue/E    symbolic link to a submission's folder, made while it is held; E sorts by time, and ends in
#              "+CPUS,MIB,GPUS" where a task takes something else than one CPU. What has no file of its tasks has one, `job`
#   slots/N    who runs: a line "watcher PID BORN BOOT ENTRY KEY", and one "payload …" for each task that it has begun
#   said.N     what the shell says of a task's end
#   lock       flock(1) on it is held by one process at a time
#
# No wake-up is lost. Three events can make a start possible: a submission is published, a slot is released, a task is
# cancelled. Whoever causes one looks through the queue afterwards, or has a pump do it. Those who look follow each other
# by the lock, each reads all state after it got the lock, and leaves only when no slot is free or no waiting task may
# start; a slot is released with the lock held. So the one that follows the last event sees everything. Should that one
# be killed, the next event or look of Waybill's runs another.
#
# A watcher whose task has ended may go on with another without the lock, since its slot is never free in between: for a
# second after it has looked with it, so that what else there is to do is not put off, and where the next that waits takes as
# much and is no task of an array, so that for all others that slot says what it said before (watch.sh).
#
# Nothing passes what waits for room: it would never find any. Only of an array that keeps to its own limit the room is
# there for others.
#
# Nothing runs twice. A task runs after its start marker was made, which succeeds once. The cursor (`next`) passes a task
# only when its marker is there; before that, whoever looks tries it again. The watcher inherits the lock and drops it
# with the marker written, so a pump killed in between leaves no half-started task for others to see. Where flock is not
# supported this still holds; but two could give the slot of one dead owner to two tasks. A marker that was made with the
# lock held and cannot be written, on a full disk, is taken away again; without it that might have been seen: then the task is
# its maker's, who waits until there is room.
#
# A program costs as much as a small payload: here the shell does by itself all that it can.

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

# takers: reads who runs, and what that takes; the slots of dead owners are freed. A payload that outlives its
# watcher keeps its slot. A watcher that looks for its next task has its own slot to give.
takers() {
  tasks=0
  taken=0
  taken_memory=0
  taken_gpus=0
  running=' '
  dead=
  for file in slots/*; do
    [ -e "$file" ] || continue
    [ "$file" != "slots/${own-}" ] || continue
    owner=
    while read -r _ pid pid_born pid_boot entry _; do
      # The payload is looked at where its watcher is gone: a shell reads byte by byte.
      [ -z "$owner" ] || break
      ! alive "$pid" "$pid_born" "$pid_boot" || owner=$entry
    done <"$file"
    if [ -n "$owner" ]; then
      add "$owner"
    else
      # Slots are written with the lock held: a torn one is a dead owner's, too.
      dead="$dead $file"
    fi
  done
  # shellcheck disable=SC2086 # numbers of slots
  [ -z "$dead" ] || rm -f $dead
}

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

# free: sets $slot to a free one.
free() {
  slot=1
  while [ -e "slots/$slot" ]; do
    slot=$((slot + 1))
  done
}

# tasks_from FILE PLACE: sets $key to the task at that place (from 1) and $following to the next; empty: there is none.
tasks_from() {
  key=
  following=
  if [ ! -e "$1" ]; then
    key=job
    return
  fi
  if [ "$2" -eq 1 ]; then
    { read -r key && read -r following; } <"$1"
  else
    { read -r key && read -r following; } <<END
$(sed -n "$2p;$(($2 + 1)){p;q;}" "$1")
END
  fi
  :
}

# serve ENTRY: starts its tasks while it may; the link goes when none is left to start.
serve() {
  at=1
  [ ! -e "queue/$1/next" ] || read -r at <"queue/$1/next"
  most=
  [ ! -e "queue/$1/limit" ] || read -r most <"queue/$1/limit"
  while :; do
    tasks_from "queue/$1/tasks" "$at"
    [ -n "$key" ] || break
    if [ ! -e "queue/$1/t/$key.start" ]; then
      count "$1"
      [ -z "$most" ] || [ "$count" -lt "$most" ] || return
      fits "$1" || {
        full=yes
        return
      }
      last=$following
      free
      start "$1" "$key" || return
      add "$1"
      following=$last
    fi
    [ -n "$following" ] || break
    at=$((at + 1))
    printf '%s\n' "$at" >|"queue/$1/next.$$" && mv "queue/$1/next.$$" "queue/$1/next"
  done
  gone="$gone queue/$1"
}

# serve_all: starts what may start. Leaves in $gone the links that are needed no more.
serve_all() {
  allowed=1
  [ ! -e limit ] || read -r allowed <limit
  most_memory=
  most_gpus=
  [ ! -e capacity ] || read -r most_memory most_gpus <capacity
  full=
  takers
  for link in queue/*; do
    entry=${link#queue/}
    # A folder that cannot be reached now is not a reason to forget its job.
    [ -e "queue/$entry/job.json" ] || continue
    case " $gone " in *" queue/$entry "*) continue ;; esac
    if [ ! -e "queue/$entry/submitted" ]; then
      # Held. Its holder's death is looked at first: what is not published after that never will be.
      read -r holder holder_born holder_boot <"queue/$entry/holder" || continue
      alive "$holder" "$holder_born" "$holder_boot" && continue
      [ -e "queue/$entry/submitted" ] || {
        gone="$gone queue/$entry"
        continue
      }
    fi
    if [ -e "queue/$entry/cancel" ]; then
      gone="$gone queue/$entry"
      continue
    fi
    [ "$taken" -lt "$allowed" ] || return
    serve "$entry"
    [ -z "$full" ] || return 0
  done
}

# forget [FILE...]: removes these, and the links that are needed no more.
forget() {
  # shellcheck disable=SC2086 # names of our own: times and names of jobs
  set -- "$@" $gone
  gone=
  [ "$#" -eq 0 ] || rm -f "$@"
}
gone=
