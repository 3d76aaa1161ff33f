#!/bin/sh
# sh watch.sh HOME SLOT ENTRY KEY: runs one task (KEY is its array index, or `job`) and says how it ended. Started by
# pump.sh in a session of its own, holding the pump's lock (9) and its ear (1) until the start marker is written.
#
#   t/KEY.start    host, boot, this process, time; made once, by a link that fails when it exists
#   t/KEY.payload  the payload's process (written by payload.sh)
#   t/KEY.cancel   somebody's cancel reached the payload (written by cancel.sh)
#   t/KEY.end      state, exit code, signal, times; appears whole, by a rename
#   t/KEY.log      what the task printed
#   t/KEY.err      its standard error, where the submission has a file `apart`; else that is in the log
set -u
# The folder's mode says whether a group may read this.
umask 027
unset IFS CDPATH
LC_ALL=C
export LC_ALL
# A handler, unlike '', is not inherited: the payload has its signals as usual, and these end only with it.
trap : HUP INT QUIT TERM
scripts=${0%/*}
home=$1
slot=$2
entry=$3
key=$4
# shellcheck source=src/local/process.sh
. "$scripts/process.sh"
read -r host </proc/sys/kernel/hostname
cd -P "$home/queue/$entry" || exit 1
born "$$" || exit 1
me="$$ $born $boot"

# once FILE: links what it reads into place whole, unless FILE exists. Same folder: some file systems link no further.
once() {
  rm -f "$1.new.$$"
  cat >"$1.new.$$" && ln "$1.new.$$" "$1"
  set -- "$?" "$1.new.$$"
  rm -f "$2"
  return "$1"
}

printf '%s - - %s %s\n' "$me" "$entry" "$key" | once "$home/slots/$slot" || exit 1
began=$(date +%s.%N)
if ! printf 'host %s\nwatcher %s\nstarted %s\n' "$host" "$me" "$began" | once "t/$key.start"; then
  rm -f "$home/slots/$slot"
  exit 1
fi
exec >/dev/null 9>&-

code=0
signal=0
said=t/$key.said.$$
# A cancel that came before the marker did not find it, and is found here; one that comes later finds the marker.
if [ -e cancel ]; then
  : >"t/$key.cancel"
else
  # No redirection at the command: the shell's own words about its end would follow it.
  exec </dev/null 2>"$said"
  setsid env -i "PATH=$PATH" sh "$scripts/payload.sh" "$home" "$slot" "$entry" "$key" "$$" "$born"
  code=$?
  exec 2>/dev/null
  # Exit code 137 or SIGKILL? A shell says "Killed" when it was the signal, save for SIGINT and SIGPIPE.
  if [ "$code" -gt 128 ] && [ "$code" -le 192 ]; then
    if [ -s "$said" ] || [ "$code" -eq 130 ] || [ "$code" -eq 141 ]; then
      signal=$((code - 128))
      code=0
    fi
  fi
  rm -f "$said"
  # What a payload left running goes with it, as under Slurm: nothing changes outputs after the end.
  if [ -e "t/$key.payload" ]; then
    read -r payload _ <"t/$key.payload"
    kill -s KILL -- "-$payload"
  fi
fi

state=FAILED
[ "$code" -ne 0 ] || [ "$signal" -ne 0 ] || state=COMPLETED
[ ! -e "t/$key.cancel" ] || state=CANCELLED
ended=$(date +%s.%N)
# On a full disk the end is told when there is room again; until then the job is not over.
until {
  printf 'state %s\ncode %s\nsignal %s\nstarted %s\nended %s\n' "$state" "$code" "$signal" "$began" "$ended" &&
    times
} >"t/$key.end.new" && mv "t/$key.end.new" "t/$key.end"; do
  [ -d t ] || break
  sleep 5
done
rm -f "$home/slots/$slot"
exec sh "$scripts/pump.sh" "$home"
