#!/bin/sh
# sh watch.sh HOME SLOT ENTRY KEY: runs one task (KEY is its array index, or `job`) and says how it ended, and then the
# next that waits, until none is left to start. Started by pump.sh, or by another that has found more than one task, in
# a session of its own, with no variables but PATH, holding the lock (9) and the starter's ear (1) until the start
# marker is written.
#
#   t/KEY.start    what the children took, host, boot, this process, time; made once: it is not opened when it exists
#   t/KEY.payload  the payload's process (written by payload.sh)
#   t/KEY.cancel   somebody's cancel reached the payload (written by cancel.sh)
#   t/KEY.end      what the children took, state, exit code, signal, times; whole when its last line is
#   t/KEY.log      what the task printed
#   t/KEY.err      its standard error, where the submission has a file `apart`; else that is in the log
set -u
# The folder's mode says whether a group may read this.
umask 027
# What is there is not written over, unless that is said.
set -C
unset IFS CDPATH
# A handler, unlike '', is not inherited: the payload has its signals as usual, and these end only with it.
trap : HUP INT QUIT TERM
scripts=${0%/*}
home=$1
# shellcheck source=src/local/process.sh
. "$scripts/process.sh"
# shellcheck source=src/local/queue.sh
. "$scripts/queue.sh"
read -r host </proc/sys/kernel/hostname
cd "$home" || exit 1
born "$$" || exit 1
me="$$ $born $boot"
own=$2
# Whether the lock is held.
locked=yes

# clock: sets $time, in seconds since 1970 to a hundredth. From the time since boot; what that is taken from is looked up
# once a second, since the machine's clock may be set.
clock_of=-101
clock() {
  read -r up _ </proc/uptime
  hundredths=1${up#*.}
  up=$((${up%.*} * 100 + hundredths - 100))
  if [ $((up - clock_of)) -gt 100 ]; then
    clock_of=$up
    time=$(date +%s.%N)
    hundredths=${time#*.}
    hundredths=1${hundredths%"${hundredths#??}"}
    clock_base=$((${time%.*} * 100 + hundredths - 100 - up))
  fi
  up=$((clock_base + up))
  hundredths=$((up % 100 + 100))
  time=$((up / 100)).${hundredths#1}
}

# start_marker: says who runs a task since when. What the children took until then is another task's.
start_marker() {
  times && printf 'host %s\nwatcher %s\nstarted %s\n' "$host" "$me" "$time"
}

# take ENTRY KEY: notes that its task runs now, and its $folder; fails when it is another's, or nothing can be written.
take() {
  # First: when the marker is there, whoever holds the lock may remove the link.
  cd -P "queue/$1" || return 1
  folder=$PWD
  cd "$home" || exit 1
  clock
  made=
  if ! { made=yes && start_marker; } >"$folder/t/$2.start"; then
    # One that was there before is another's, who may be writing it.
    [ -n "$made" ] || return 1
    # On a full disk it is there and says nothing.
    if [ -n "$locked" ]; then
      rm -f "$folder/t/$2.start"
      return 1
    fi
    # Often: what nobody has written to for some seconds is taken for torn (rows.ts).
    until start_marker >|"$folder/t/$2.start"; do
      [ -d "$folder/t" ] || return 1
      sleep 1
    done
  fi
  entry_mine=$1
  key_mine=$2
  began=$time
}

# run: runs the task that was taken, in its folder.
run() {
  cd "$folder" || exit 1
  # The second line is the shell's word of its children.
  { read -r _ && read -r before; } <"t/$key_mine.start"
  code=0
  signal=0
  # A cancel that came before the marker did not find it, and is found here; one that comes later finds the marker.
  if [ -e cancel ]; then
    : >|"t/$key_mine.cancel"
  else
    said=$home/said.$own
    # No redirection at the command: the shell's own words about its end would follow it.
    exec </dev/null 2>|"$said"
    setsid sh "$scripts/payload.sh" "$home" "$own" "$entry_mine" "$key_mine" "$boot"
    code=$?
    exec 2>/dev/null
    # Exit code 137 or SIGKILL? A shell says "Killed" when it was the signal, save for SIGINT and SIGPIPE.
    if [ "$code" -gt 128 ] && [ "$code" -le 192 ]; then
      if [ -s "$said" ] || [ "$code" -eq 130 ] || [ "$code" -eq 141 ]; then
        signal=$((code - 128))
        code=0
      fi
    fi
    # What a payload left running goes with it, as under Slurm: nothing changes outputs after the end.
    if [ -e "t/$key_mine.payload" ]; then
      read -r payload _ <"t/$key_mine.payload"
      kill -s KILL -- "-$payload"
    fi
  fi
  state=FAILED
  [ "$code" -ne 0 ] || [ "$signal" -ne 0 ] || state=COMPLETED
  [ ! -e "t/$key_mine.cancel" ] || state=CANCELLED
  clock
  # On a full disk the end is told when there is room again; until then the job is not over.
  until {
    times && printf 'before %s\nstate %s\ncode %s\nsignal %s\nstarted %s\nended %s\n' \
      "$before" "$state" "$code" "$signal" "$began" "$time"
  } >|"t/$key_mine.end"; do
    [ -d t ] || break
    sleep 5
  done
}

# The first that may start is its own, in its own slot; it has another watcher see to each further one.
start() {
  if [ -z "$entry_mine" ]; then
    slot=$own
    printf 'watcher %s %s %s\n' "$me" "$1" "$2" >|"slots/$own" && take "$1" "$2"
    return
  fi
  : "$(setsid -f env -i "PATH=$PATH" sh "$scripts/watch.sh" "$home" "$slot" "$1" "$2")"
  # One that found the task taken has left nothing.
  [ -e "queue/$1/t/$2.start" ] && [ -e "slots/$slot" ]
}

printf 'watcher %s %s %s\n' "$me" "$3" "$4" >"slots/$own" || exit 1
if ! take "$3" "$4"; then
  rm -f "slots/$own"
  exit 1
fi
exec >/dev/null 9>&-
locked=
looked=-101
# What waits, as of its last look at everything.
set --
while :; do
  run
  cd "$home" || exit 1
  weight=${entry_mine#"${entry_mine%%+*}"}
  entry_mine=
  # Without the lock, see queue.sh.
  if [ "$key_mine" = job ] && [ $((up - looked)) -lt 100 ]; then
    while [ "$#" -gt 0 ] && [ -z "$entry_mine" ]; do
      entry=${1#queue/}
      if [ -e "$1/submitted" ] && [ ! -e "$1/cancel" ] && [ ! -e "$1/t/job.start" ]; then
        # Nothing passes what may have to wait for room.
        [ ! -e "$1/tasks" ] || break
        [ "${entry#"${entry%%+*}"}" = "$weight" ] || break
        take "$entry" job || :
      fi
      shift
    done
  fi
  if [ -z "$entry_mine" ]; then
    exec 9>>lock
    flock 9 || :
    locked=yes
    # Few links cost less than the program that removes them.
    case $gone in *' '*' '*' '*' '*' '*' '*' '*' '*) forget ;; esac
    serve_all
    if [ -z "$entry_mine" ]; then
      # With the lock: a pump that finds the slot taken leaves.
      forget "slots/$own"
      exit 0
    fi
    looked=$up
    set -- queue/*
  fi
  exec 9>&-
  locked=
done
