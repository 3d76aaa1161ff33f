#!/bin/sh
# Runs one submission when it is told to, and leaves witnesses that outlive whoever asked for it.
#
#   sh submit.sh FOLDER INPUT COMMAND [ARGUMENT...]
#
# Waits for the line "go" on its input; the end of the input instead means that nobody wants the submission any more.
# COMMAND then runs with its input from INPUT. In FOLDER: stdout and stderr hold what it printed, started says that it
# was about to run, and exit holds its exit code once it has ended.

folder=$1
input=$2
shift 2

IFS= read -r word || exit 0
[ "$word" = go ] || exit 0

# A full disk must show before the command runs, not after: a failed exec ends this shell.
exec <"$input" >"$folder/stdout" 2>"$folder/stderr"
printf '%s\n' "$$" >"$folder/started" || exit 1

# "command" keeps a function that the user exported from standing in for the program.
command -- "$@"
code=$?
printf '%s\n' "$code" >"$folder/exit.new" && command mv -f -- "$folder/exit.new" "$folder/exit"
exit "$code"
