#!/bin/sh
# sh payload.sh HOME SLOT ENTRY KEY BOOT: becomes the task's command. Runs in the submission's folder, as leader of a session
# of its own and with no variables but PATH; says who it is before it turns into the command.
# The folder's mode says whether a group may read this.
umask 027
exec >>"t/$4.log" 2>&1
[ ! -e apart ] || exec 2>>"t/$4.err"
# When it began, see process.sh: of a shell the name in parentheses is a single word.
read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ born _ </proc/self/stat || exit 1
# The slot first: it must not look free while this process lives, should the watcher be killed.
printf 'payload %s %s %s %s %s\n' "$$" "$born" "$5" "$3" "$4" >>"$1/slots/$2" || exit 1
# What it is to do is open before the marker says that it lives: then the file is not needed for this task again.
exec 3<command.sh || exit 1
printf '%s %s %s\n' "$$" "$born" "$5" >"t/$4.payload" || exit 1
# It holds the user's whole environment: whoever is the last of all tasks to have opened it removes it. That of a job
# without tasks empties itself, which takes no program.
if [ "$4" != job ]; then
  key=
  last=$(sed -n '$p' tasks)
  if [ -e "t/$last.start" ]; then
    while read -r key; do
      [ -e "t/$key.payload" ] || break
      key=
    done <tasks
  else
    key=$last
  fi
  [ -n "$key" ] || rm -f command.sh
fi
# A cancel before that marker could not reach this process: it is heeded here.
if [ -e cancel ]; then
  : >"t/$4.cancel"
  exit 1
fi
# Positional parameters are the only names that no environment can hold.
set -- "$4"
# It closes that.
# shellcheck source=/dev/null
. /dev/fd/3
