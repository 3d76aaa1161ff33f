#!/bin/sh
# sh payload.sh HOME SLOT ENTRY KEY WATCHER WATCHER-BORN: becomes the task's command. Runs in the submission's folder, as
# leader of a session of its own and with an empty environment; says who it is before it turns into the command.
# The folder's mode says whether a group may read this.
umask 027
exec >>"t/$4.log" 2>&1
# shellcheck source=src/local/process.sh
. "${0%/*}/process.sh"
born "$$" || exit 1
# The slot first: it must not look free while this process lives, should the watcher be killed.
printf '%s %s %s %s %s %s %s\n' "$5" "$6" "$boot" "$$" "$born" "$3" "$4" >"$1/slots/.$2.new" &&
  mv "$1/slots/.$2.new" "$1/slots/$2" || exit 1
printf '%s %s %s\n' "$$" "$born" "$boot" >"t/$4.payload.new" && mv "t/$4.payload.new" "t/$4.payload" || exit 1
# A cancel before that marker could not reach this process: it is heeded here.
if [ -e cancel ]; then
  : >"t/$4.cancel"
  exit 1
fi
# shellcheck source=/dev/null
. ./environment.sh
if [ "$4" != job ]; then
  WAYBILL_ARRAY_TASK_ID=$4
  export WAYBILL_ARRAY_TASK_ID
fi
# shellcheck source=/dev/null
. ./command.sh
