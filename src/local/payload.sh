#!/bin/sh
# sh payload.sh HOME SLOT ENTRY KEY WATCHER WATCHER-BORN: becomes the task's command. Runs in the submission's folder, as
# leader of a session of its own and with an empty environment; says who it is before it turns into the command.
# The folder's mode says whether a group may read this.
umask 027
exec >>"t/$4.log" 2>&1
[ ! -e apart ] || exec 2>>"t/$4.err"
# shellcheck source=src/local/process.sh
. "${0%/*}/process.sh"
born "$$" || exit 1
# The slot first: it must not look free while this process lives, should the watcher be killed.
printf '%s %s %s %s %s %s %s\n' "$5" "$6" "$boot" "$$" "$born" "$3" "$4" >"$1/slots/.$2.new" &&
  mv "$1/slots/.$2.new" "$1/slots/$2" || exit 1
# What it is to do is read before the marker says that it lives: then the files are not needed for this task again.
environment=$(cat environment.sh) && command=$(cat command.sh) || exit 1
printf '%s %s %s\n' "$$" "$born" "$boot" >"t/$4.payload.new" && mv "t/$4.payload.new" "t/$4.payload" || exit 1
# They hold the user's whole environment: whoever is the last of all tasks to have read them removes them.
last=$(sed -n '$p' tasks)
if [ -e "t/$last.start" ]; then
  while read -r key; do
    [ -e "t/$key.payload" ] || break
    key=
  done <tasks
  [ -n "$key" ] || rm -f environment.sh command.sh
fi
# A cancel before that marker could not reach this process: it is heeded here.
if [ -e cancel ]; then
  : >"t/$4.cancel"
  exit 1
fi
# Positional parameters are the only names that no environment can hold.
set -- "$4" "$environment" "$command"
eval "$2"
if [ "$1" != job ]; then
  WAYBILL_ARRAY_TASK_ID=$1
  export WAYBILL_ARRAY_TASK_ID
fi
eval "$3"
