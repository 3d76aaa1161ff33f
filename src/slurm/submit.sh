#!/bin/sh
# Runs one submission when it is told to, and leaves witnesses that outlive whoever asked for it.
#
#   sh submit.sh FOLDER INPUT COMMAND [ARGUMENT...]
#
# Waits for the line "go" on its input; the end of the input instead means that nobody wants the submission any more.
# COMMAND then runs with its input from INPUT. In FOLDER: stdout and stderr hold what it printed, started says that it
# was about to run, and exit holds its exit code once it has ended. The names here begin alike, so that none is a variable
# that the user exports to the job.

wb_folder=$1
wb_input=$2
shift 2

IFS= read -r wb_word || exit 0
[ "$wb_word" = go ] || exit 0

# A full disk must show before the command runs, not after: a failed exec ends this shell.
exec <"$wb_input" >"$wb_folder/stdout" 2>"$wb_folder/stderr"
printf '%s\n' "$$" >"$wb_folder/started" || exit 1

# "command" keeps a function that the user exported from standing in for the program.
command -- "$@"
wb_code=$?
printf '%s\n' "$wb_code" >"$wb_folder/exit.new" && command mv -f -- "$wb_folder/exit.new" "$wb_folder/exit"
exit "$wb_code"
