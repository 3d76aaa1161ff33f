#!/bin/sh
# Runs submissions, one after the other, when it is told to, and leaves witnesses that outlive whoever asked for them.
#
#   sh -c TEXT submit.sh FOLDER INPUT COUNT COMMAND [ARGUMENT...] [FOLDER INPUT COUNT COMMAND...]...     (TEXT: this)
#
# Waits for the line "go" on its input; the end of the input instead means that nobody wants the submissions any more.
# COMMAND (COUNT words with its arguments) then runs with its input from INPUT. In FOLDER: stdout and stderr hold what it
# printed; the first line of run says that it was about to run, the second is its exit code once it has ended: a line is
# written at once, and one without its end says nothing. The names here begin alike, so that none is a variable that the
# user exports to the job.

IFS= read -r wb_word || exit 0
[ "$wb_word" = go ] || exit 0

while [ $# -gt 0 ]; do
  wb_folder=$1
  wb_input=$2
  wb_count=$3
  shift 3

  # A full disk must show before the command runs, not after: a failed exec ends this shell.
  exec <"$wb_input" >"$wb_folder/stdout" 2>"$wb_folder/stderr"
  printf '%s\n' "$$" >"$wb_folder/run" || exit 1

  # The words by their places: what they hold is never read as shell.
  wb_words=
  wb_place=0
  while [ "$wb_place" -lt "$wb_count" ]; do
    wb_place=$((wb_place + 1))
    wb_words="$wb_words \"\${$wb_place}\""
  done
  # "command" keeps a function that the user exported from standing in for the program.
  eval "command -- $wb_words"
  wb_code=$?
  printf '%s\n' "$wb_code" >>"$wb_folder/run"
  shift "$wb_count"
done
exit "$wb_code"
