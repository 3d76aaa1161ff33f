#!/bin/sh
# Waybill's stand-in for datalad (docs/from-datalad-slurm.md): slurm-* goes to Waybill, all else to the real one.
#
# Installed as `datalad` in a folder of its own, which `waybill compat` prints. What carries the line above is one of us,
# wherever it was linked or copied to, and never the real one.
mark='# Waybill'\''s stand-in for datalad (docs/from-datalad-slurm.md): slurm-* goes to Waybill, all else to the real one.'

# The subcommand: the first word that is neither an option of DataLad's own nor the value of one.
subcommand=
value=
for word do
  if [ -n "$value" ]; then
    value=
    continue
  fi
  case $word in
    -c | -C | -f | -l | --output-format | --log-level | --on-failure | --report-status | --report-type) value=next ;;
    # Asks for words, and runs nothing, whatever comes after it.
    -h | --help | --help-np | --version) break ;;
    -*) ;;
    *)
      subcommand=$word
      break
      ;;
  esac
done

is_ours() {
  second=
  { read -r _ && read -r second; } <"$1" 2>/dev/null
  [ "$second" = "$mark" ]
}

run_the_real_one() {
  rest=$PATH:
  while [ -n "$rest" ]; do
    candidate=${rest%%:*}/datalad
    rest=${rest#*:}
    [ "$candidate" = /datalad ] && candidate=./datalad
    if [ -f "$candidate" ] && [ -x "$candidate" ] && ! is_ours "$candidate"; then
      exec "$candidate" "$@"
    fi
  done
  echo "datalad: not found on PATH; this is Waybill's stand-in for it, which knows slurm-schedule, slurm-finish and slurm-reschedule alone" >&2
  exit 127
}

case $subcommand in
  slurm-schedule | slurm-finish | slurm-reschedule) ;;
  *) run_the_real_one "$@" ;;
esac

# The executable leaves a link to itself beside the copy it makes.
own=$(dirname "$(readlink -f "$0")")/waybill
[ -x "$own" ] || own=${own%/*}/../waybill.cjs

# For this one run, as git(1) takes it from the environment: NAME=VALUE. Taking a setting away (:NAME) has no like.
configure() {
  case $1 in
    :*) return ;;
    *=*) set -- "${1%%=*}" "${1#*=}" ;;
    *) set -- "$1" true ;;
  esac
  count=${GIT_CONFIG_COUNT:-0}
  export "GIT_CONFIG_KEY_$count=$1" "GIT_CONFIG_VALUE_$count=$2" "GIT_CONFIG_COUNT=$((count + 1))"
}

format=
failure=
while [ "$1" != "$subcommand" ]; do
  case $1 in
    -C) CDPATH='' cd -- "$2" || exit 1 ;;
    -C*) CDPATH='' cd -- "${1#-C}" || exit 1 ;;
    -f | --output-format) format=$2 ;;
    -f*) format=${1#-f} ;;
    --output-format=*) format=${1#*=} ;;
    --on-failure) failure=$2 ;;
    --on-failure=*) failure=${1#*=} ;;
    -c) configure "$2" ;;
    -c*) configure "${1#-c}" ;;
  esac
  case $1 in
    -c | -C | -f | -l | --output-format | --log-level | --on-failure | --report-status | --report-type) shift 2 ;;
    *) shift ;;
  esac
done
shift

[ -z "$failure" ] || set -- --on-failure "$failure" "$@"
[ -z "$format" ] || set -- --output-format "$format" "$@"
if command -v waybill >/dev/null; then
  exec waybill "$subcommand" "$@"
fi
exec "$own" "$subcommand" "$@"
