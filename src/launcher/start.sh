#!/bin/sh
# sh start.sh FOLDER [local]: starts one payload inside its job and leaves markers; `local`: the embedded scheduler runs the
# job. All it needs lies in FOLDER, for a job may be given no variables at all (SBATCH_EXPORT=NONE). FOLDER is absolute, and
# written by folder.ts:
#
#   umask                   in a clone that a group shares: with which messages and markers are made
#   payload.sh              sets the payload's variables, _wb_cwd and the words of the command
#   bin                     stands first on the payload's PATH where that has an sbatch
#   table/N                 in an array: what differs in the tasks 100 N to 100 N + 99
#   checks                  how many checks there are, and the numbers of those whose failure is the job's
#   context, context/TASK   what the payload is told (_wb_context); written here, before it starts
#   messages/TASK           where it may append messages; all attempts share it
#   messages/TASK.N         where check N may
#   markers/TASK.ATTEMPT.start    host, process and the scheduler's numbers (none where the embedded scheduler runs a job
#                                 without checks)
#   markers/TASK.ATTEMPT.end      exit code of the payload, and whether it was told to stop (SIGTERM)
#   markers/TASK.ATTEMPT.N.end    those of check N; when a marker was written is the time of what it tells
#
# After a payload that ended with 0 its checks run, one after the other, in its directory and with its variables. After
# SIGTERM no further one is begun.
#
# TASK is the index in an array, else 0; ATTEMPT counts Slurm's restarts. The payload's output is the job's own, its input
# is empty, and its exit code is passed on: 128 + N where signal N ended it, as shells have it. 125: it could not be
# started; 126 and 127 as in every shell. 90: the payload ended with 0, and a check failed whose failure is to be the job's.
# Markers are told to whoever can read them: what cannot be written changes no code.
# No variable here is exported; the payload's own must not begin with _wb_.
set -u
unset IFS CDPATH
export PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}"
_wb_folder=${1-}
_wb_local=${2-}
# Set by payload.sh.
_wb_cwd=

# fail CODE WORDS: says why there is no payload.
fail() {
  printf 'waybill: %s\n' "$2" >&2
  return "$1"
}

# A local job may have been started inside a Slurm job, whose variables say nothing of it, and the other way round.
_wb_attempt=0
_wb_ids='job 
array 
'
if [ -n "$_wb_local" ]; then
  _wb_host=
  _wb_task=${WAYBILL_ARRAY_TASK_ID:-0}
else
  _wb_host=${SLURMD_NODENAME-}
  _wb_task=${SLURM_ARRAY_TASK_ID:-0}
  _wb_attempt=${SLURM_RESTART_COUNT:-0}
  _wb_ids="job ${SLURM_JOB_ID-}
array ${SLURM_ARRAY_JOB_ID-}
"
fi
if [ -d "$_wb_folder/table" ]; then
  _wb_told=$_wb_folder/context/$_wb_task
else
  _wb_told=$_wb_folder/context
  _wb_task=0
fi
[ -n "$_wb_host" ] || { read -r _wb_host </proc/sys/kernel/hostname; } 2>/dev/null || _wb_host=$(uname -n)
if [ ! -r "$_wb_folder/payload.sh" ]; then
  fail 125 "cannot read the job's folder $_wb_folder on $_wb_host"
  exit
fi
# The payload's own files are made as the user has it.
_wb_own=
if [ -e "$_wb_folder/umask" ]; then
  _wb_own=$(umask)
  read -r _wb_mask <"$_wb_folder/umask"
  umask "$_wb_mask"
fi
# An old Slurm that does not count restarts must not write over what the first attempt said.
while [ -e "$_wb_folder/markers/$_wb_task.$_wb_attempt.start" ]; do
  _wb_attempt=$((_wb_attempt + 1))
done

# mark KIND TEXT: a marker, written by the shell itself (bash does it line by line): what is forked here each of many short
# tasks pays for, and a shell cannot rename. It is one when its last line is there; readers take what is torn for none, and
# read it again.
mark() {
  set -- "$_wb_folder/markers/$_wb_task.$_wb_attempt.$1" "$2"
  { printf '%s' "$2" >"$1"; } 2>/dev/null || rm -f "$1" 2>/dev/null
}

# find NAME: sets _wb_program to the file that env would run, or to nothing.
find() {
  case $1 in
    */*)
      _wb_program=$1
      [ -e "$1" ] || _wb_program=
      return
      ;;
  esac
  _wb_path=$PATH:
  while [ -n "$_wb_path" ]; do
    _wb_program=${_wb_path%%:*}
    _wb_program=${_wb_program:-.}/$1
    [ ! -f "$_wb_program" ] || [ ! -x "$_wb_program" ] || return 0
    _wb_path=${_wb_path#*:}
  done
  _wb_program=
}

# The child's part: becomes the payload, or the check _wb_check.
payload() {
  # shellcheck disable=SC1091 # written by folder.ts
  . "$_wb_folder/payload.sh"
  if [ -d "$_wb_folder/table" ]; then
    _wb_words=
    _wb_entry=$_wb_folder/table/$((_wb_task / 100))
    # shellcheck disable=SC1090 # sets _wb_words where it has this task
    [ ! -r "$_wb_entry" ] || . "$_wb_entry"
    [ -n "$_wb_words" ] || {
      fail 125 "no task $_wb_task in $_wb_folder"
      exit
    }
  fi
  # A pipe's end or a full disk: the payload must not start with half of what it is told.
  if [ "$_wb_check" -eq 0 ] && [ -n "${_wb_context-}" ] && ! printf '%s' "$_wb_context" >"$_wb_told"; then
    fail 125 "cannot write $_wb_told on $_wb_host"
    exit
  fi
  [ -z "$_wb_own" ] || umask "$_wb_own"
  cd -- "$_wb_cwd" 2>/dev/null || {
    fail 125 "no working directory $_wb_cwd on $_wb_host"
    exit
  }
  unset OLDPWD
  # A payload may submit jobs of its own: the sbatch in bin notes them. Where there is none, none must seem to be there.
  if [ -d "$_wb_folder/bin" ] && command -v sbatch >/dev/null 2>&1; then PATH=$_wb_folder/bin:$PATH; fi
  find "$1"
  [ -n "$_wb_program" ] || {
    fail 127 "no program '$1' on $_wb_host (PATH: ${PATH-not set})"
    exit
  }
  # A script whose interpreter is not there is "not found" to the system, which confuses everybody. What the system brings is
  # whole: up to its first newline a shell would read thousands of bytes of a program, one by one.
  _wb_line=
  case $_wb_program in
    /bin/* | /usr/bin/*) ;;
    *) [ ! -f "$_wb_program" ] || IFS= read -r _wb_line 2>/dev/null <"$_wb_program" || : ;;
  esac
  case $_wb_line in
    '#!'*)
      _wb_line=${_wb_line#'#!'}
      _wb_line=${_wb_line#"${_wb_line%%[! ]*}"}
      [ -e "${_wb_line%%[ 	]*}" ] || {
        fail 127 "$_wb_program needs ${_wb_line%%[ 	]*}, which is not on $_wb_host"
        exit
      }
      ;;
  esac
  # Not started with &, see below: it becomes the payload at once.
  if [ -z "$_wb_waits" ]; then
    case $1 in -*) ;; *) exec "$@" ;; esac
  fi
  # env takes a word with `=` in it for a variable.
  case $1 in *=*) set -- /bin/sh -c 'exec "$@"' sh "$@" ;; esac
  # What a shell starts with & ignores SIGINT and SIGQUIT for good, and so would all that the payload starts. GNU env
  # (8.31, 2019) undoes that; where it cannot, bash does by a trap that is set and taken back, and dash has no way.
  # Of an array, one task on each host finds out which.
  _wb_can=$_wb_folder/env.$_wb_host
  if [ ! -e "$_wb_can" ] && /usr/bin/env --default-signal=INT,QUIT >/dev/null 2>&1; then
    if [ -d "$_wb_folder/table" ]; then printf '' >"$_wb_can" || _wb_can=/; else _wb_can=/; fi
  fi 2>/dev/null
  if [ -e "$_wb_can" ]; then
    exec /usr/bin/env --default-signal=INT,QUIT -- "$@"
  fi
  trap : INT QUIT
  trap - INT QUIT
  exec /usr/bin/env -- "$@"
}

# messages NAME: makes a file for messages; a client may only append. Blank lines are passed over, so the one before ends
# a torn line.
messages() {
  if [ "$_wb_attempt" -eq 0 ]; then
    printf '' >>"$_wb_folder/messages/$1"
  else
    printf '\n{"waybill_attempt": %s}\n' "$_wb_attempt" >>"$_wb_folder/messages/$1"
  fi 2>/dev/null
}

# pass SIGNAL NUMBER: to the payload.
# shellcheck disable=SC2317,SC2329 # called by traps
pass() {
  _wb_got="$_wb_got $((128 + $2))"
  [ "$1" != TERM ] || _wb_stopped=yes
  kill -s "$1" "$_wb_child" 2>/dev/null
}

# run: starts the payload, or the check _wb_check, and waits for its end; sets _wb_code.
run() {
  _wb_stopped=no
  payload </dev/null &
  _wb_child=$!
  # Not CONT, which Slurm sends together with TERM: of two trapped signals at once a waiting bash loses one (it jumps out of
  # the handler that runs first), and who could stop a payload can make it go on.
  # Only now: what a child of bash gets before it has shed its parent's traps is lost. Until here a signal ends this shell,
  # and the scheduler then ends what it left.
  _wb_got=
  trap 'pass HUP 1' HUP
  trap 'pass INT 2' INT
  trap 'pass QUIT 3' QUIT
  trap 'pass USR1 10' USR1
  trap 'pass USR2 12' USR2
  trap 'pass TERM 15' TERM
  while :; do
    _wb_got=
    wait "$_wb_child"
    _wb_code=$?
    # Of signals that come at once a shell may run one handler and tell of the other: then the payload is still there.
    case "$_wb_got " in
      *" $_wb_code "*) ;;
      *) { [ "$_wb_code" -gt 128 ] && kill -s 0 "$_wb_child" 2>/dev/null; } || break ;;
    esac
  done
  trap : HUP INT QUIT USR1 USR2
  # What ends all processes of a job may reach the payload first.
  trap '_wb_stopped=yes' TERM
}

# The embedded scheduler says of its tasks all that markers would: where nothing is left to do after the payload, this shell
# becomes it.
_wb_check=0
_wb_waits=
if [ -n "$_wb_local" ] && [ ! -e "$_wb_folder/checks" ]; then
  messages "$_wb_task"
  payload </dev/null
fi
_wb_waits=1

# A trapped signal ends the wait and not the payload. A second wait for a payload that has ended says the same again; in
# bash only where it is not to be as POSIX has it.
# shellcheck disable=SC3040
command set +o posix 2>/dev/null || :
mark start "host $_wb_host
pid $$
$_wb_ids"
messages "$_wb_task"
run
mark end "code $_wb_code
stopped $_wb_stopped
"
if [ "$_wb_code" -ne 0 ] || [ ! -e "$_wb_folder/checks" ]; then exit "$_wb_code"; fi
if [ "$_wb_stopped" = yes ]; then exit 0; fi

_wb_count=0
_wb_failing=
read -r _wb_count _wb_failing <"$_wb_folder/checks"
_wb_exit=0
while [ "$_wb_check" -lt "$_wb_count" ]; do
  _wb_check=$((_wb_check + 1))
  messages "$_wb_task.$_wb_check"
  trap - HUP INT QUIT USR1 USR2 TERM
  # What came until here is known; from here on it ends this shell.
  [ "$_wb_stopped" = no ] || break
  run
  mark "$_wb_check.end" "code $_wb_code
stopped $_wb_stopped
"
  [ "$_wb_code" -eq 0 ] || case " $_wb_failing " in *" $_wb_check "*) _wb_exit=90 ;; esac
  [ "$_wb_stopped" = no ] || break
done
exit "$_wb_exit"
