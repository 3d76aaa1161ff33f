#!/bin/sh
# sh pump.sh HOME [try]: starts what waits while slots are free; with `try`, leaves it to somebody who is at it.
# HOME is one user's folder on one host, see queue.sh.
set -u
umask 077
unset IFS CDPATH
LC_ALL=C
export LC_ALL
scripts=${0%/*}
home=$1
# shellcheck source=src/local/process.sh
. "$scripts/process.sh"
# shellcheck source=src/local/queue.sh
. "$scripts/queue.sh"
cd "$home" || exit 1
# Nobody waits for a pump: it lets go of whoever started it.
exec </dev/null >/dev/null 2>&1
exec 9>>lock
if [ "${2-}" = try ]; then
  flock -n 9 || exit 0
else
  flock 9 || :
fi

start() {
  # Command substitution waits until the watcher has closed its standard output. `setsid -f` forks; a shell's own `&`
  # would make the payload ignore SIGINT and SIGQUIT for good. A watcher has no variables that a payload could inherit.
  : "$(setsid -f env -i "PATH=$PATH" sh "$scripts/watch.sh" "$home" "$slot" "$1" "$2")"
  # One that found the task taken has left nothing.
  [ -e "queue/$1/t/$2.start" ] && [ -e "slots/$slot" ]
}

serve_all
forget
exit 0
