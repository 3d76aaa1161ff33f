#!/bin/sh
# Stands for sbatch while a command runs that calls sbatch by itself: it lies first on that command's PATH, as
# <folder of the submission>/bin/sbatch, and runs the sbatch that comes next there as it was asked to.
#
# Each call leaves <folder>/calls/<n>, which outlives whoever asked for it: words (the directory, whether our token was
# added, and the arguments, each ended by NUL), environment (what in it stands for options), script (the batch script's
# text), stdout, and exit once sbatch has ended. The jobs inherit nothing of this: what is added to PATH is taken away
# again, nothing is exported, and all names here begin alike so that none is a variable of the user's.

# Reads the words as sbatch's getopt_long does, as far as it takes to know the script and whether a comment stands there.
wb_read() {
  wb_kind=stdin wb_script='' wb_chdir='' wb_commented='' wb_het=''
  while [ "$#" -gt 0 ]; do
    case $1 in
      --)
        shift
        break
        ;;
      # A submission of Waybill's own, by the command: it has its job, and the token that it is known by.
      --comment=waybill:*) wb_kind=unclear && return ;;
      --comment=*) wb_commented=1 ;;
      --comment)
        wb_commented=1
        shift
        ;;
      --chdir=*) wb_chdir=${1#--chdir=} ;;
      --chdir | -D)
        wb_chdir=${2-}
        shift
        ;;
      -D?*) wb_chdir=${1#-D} ;;
      --wrap=*) wb_kind=wrap ;;
      --wrap)
        wb_kind=wrap
        shift
        ;;
      --com* | --chd* | --w[!aci]*) wb_kind=unclear && return ;;
      # An option with its argument, or with one that it may have.
      --*=* | -[AabCcdeFiJLMmnNopqtwxGSB]?* | -k*) ;;
      --exclusive | --get-user-env | --nice | --no-kill | --oom-kill-step | --propagate | --resv-ports) ;;
      # Flags.
      --consolidate-segments | --contiguous | --help | --hold | --ignore-pbs | --no-requeue | --overcommit) ;;
      --oversubscribe | --parsable | --quiet | --reboot | --requeue | --spread-job | --spread-segments) ;;
      --stepmgr | --test-only | --usage | --use-min-nodes | --verbose | --version | --wait) ;;
      -[hHOsQvVW]) ;;
      # An option whose argument is the next word.
      -[AabCcdeFiJLMmnNopqtwxGSB]) [ "$#" -gt 1 ] && shift ;;
      --account | --acctg-freq | --array | --batch | --bb | --bbf | --begin | --cluster | --clusters | \
        --cluster-constraint | --constraint | --container | --container-id | --context | --core-spec | \
        --cores-per-socket | --cpu-freq | --cpus-per-gpu | --cpus-per-task | --deadline | --delay-boot | \
        --dependency | --distribution | --error | --exclude | --export | --export-file | --extra | \
        --extra-node-info | --gid | --gpu-bind | --gpu-freq | --gpus | --gpus-per-node | --gpus-per-socket | \
        --gpus-per-task | --gres | --gres-flags | --hint | --input | --job-name | --kill-on-invalid-dep | \
        --licenses | --mail-type | --mail-user | --mcs-label | --mem | --mem-bind | --mem-per-cpu | \
        --mem-per-gpu | --mincpus | --network | --nodefile | --nodelist | --nodes | --ntasks | \
        --ntasks-per-core | --ntasks-per-gpu | --ntasks-per-node | --ntasks-per-socket | --ntasks-per-tres | \
        --open-mode | --output | --partition | --power | --prefer | --priority | --profile | --qos | \
        --reservation | --segment | --signal | --sockets-per-node | --switches | --tasks-per-node | \
        --thread-spec | --threads-per-core | --time | --time-min | --tmp | --tres-bind | --tres-per-task | \
        --uid | --wait-all-nodes | --wckey) [ "$#" -gt 1 ] && shift ;;
      :) wb_het=1 ;;
      # Short options in one word, an abbreviation, a plugin's option, one of a newer Slurm.
      -?*) wb_kind=unclear && return ;;
      *) break ;;
    esac
    shift
  done
  [ "$#" -gt 0 ] && [ "$wb_kind" = stdin ] || return 0
  case $1 in
    /*) wb_script=$1 ;;
    *)
      case $wb_chdir in
        '') wb_script=./$1 ;;
        /*) wb_script=$wb_chdir/$1 ;;
        *) wb_script=./$wb_chdir/$1 ;;
      esac
      ;;
  esac
  wb_kind=unclear
  # A script that is found along PATH is left alone; so is a FIFO, which can be read but once.
  [ -f "$wb_script" ] && [ -r "$wb_script" ] && wb_kind='file'
  return 0
}

# Whether our comment may stand before the words: one that the script brings along would be overridden by it, and is
# said again (wb_theirs) where it can be read.
wb_may_comment() {
  wb_theirs='' wb_restate=''
  [ "$wb_kind" != unclear ] || return
  [ -z "$wb_het" ] || [ -z "$wb_commented" ] || return
  [ -z "$wb_commented" ] && [ -f "$wb_call/script" ] || return 0
  wb_lines=$(sed -n -e '/^[[:space:]]*[^#[:space:]]/q' -e '/^#SLURM.*--com/p' -e '/^#SBATCH.*--com/p' \
    "$wb_call/script") || return
  [ -n "$wb_lines" ] || return 0
  wb_q="[[:space:]]*\\([[:space:]].*\\)\\{0,1\\}\$"
  wb_theirs=$(printf '%s\n' "$wb_lines" | sed -n \
    -e "/^#S[A-Z]*\\([[:space:]]*\\|[[:space:]].*[[:space:]]\\)--comment[=[:space:]][[:space:]]*/!d" \
    -e "s/^#S.*[[:space:]]--comment[=[:space:]][[:space:]]*\"\\([^\"\\\\]*\\)\"$wb_q/\\1/p" -e t \
    -e "s/^#S.*[[:space:]]--comment[=[:space:]][[:space:]]*'\\([^'\\\\]*\\)'$wb_q/\\1/p" -e t \
    -e "s/^#S.*[[:space:]]--comment[=[:space:]][[:space:]]*\\([^\"'\\\\#[:space:]]*\\)$wb_q/\\1/p")
  # More comments than one, or one that is written in another way: rather none of ours.
  [ "$(printf '%s\n' "$wb_lines" | grep -c .)" = 1 ] && [ -n "$wb_theirs" ] && [ -z "$wb_het" ] || return
  wb_restate=1
}

wb_own=${0%/*}
# Not by `..`: bin may be a link to a folder that many submissions share.
wb_folder=$(CDPATH='' cd -P -- "${wb_own%/*}" && pwd -P) || exit 1

unset wb_path
wb_rest=$PATH:
while [ -n "$wb_rest" ]; do
  wb_entry=${wb_rest%%:*}
  wb_rest=${wb_rest#*:}
  [ "$wb_entry" = "$wb_own" ] || wb_path=${wb_path+$wb_path:}$wb_entry
done

# Whoever may look into the folder of all calls may read each: in a group's clone others record the job. The jobs get the
# caller's own.
wb_umask=$(umask)
umask 027

# What cannot be noted is not submitted: nobody would know of the job.
[ -d "$wb_folder/calls" ] || mkdir -- "$wb_folder/calls" 2>/dev/null
wb_n=$(
  set -- "$wb_folder"/calls/*
  [ -e "$1" ] && echo "$#" || echo 0
)
while :; do
  wb_n=$((wb_n + 1))
  wb_call=$wb_folder/calls/$wb_n
  mkdir -- "$wb_call" 2>/dev/null && break
  [ -e "$wb_call" ] && continue
  printf 'sbatch: waybill cannot note this submission in %s\n' "$wb_folder" >&2
  exit 1
done

wb_read "$@"
if [ "$wb_kind" = file ]; then
  cp -- "$wb_script" "$wb_call/script" || exit 1
elif [ "$wb_kind" = stdin ]; then
  cat >"$wb_call/script" || exit 1
  exec <"$wb_call/script"
fi
wb_token=0
if [ -r "$wb_folder/mark" ] && wb_may_comment && IFS= read -r wb_mark <"$wb_folder/mark"; then
  wb_token=1
fi
env | sed -n -e '/^SBATCH_[A-Z_]*=/p' -e '/^SLURM_CLUSTERS=/p' >"$wb_call/environment"
printf '%s\0' "$(pwd -P)" "$wb_token" "$@" >"$wb_call/words.new" &&
  mv -- "$wb_call/words.new" "$wb_call/words" || exit 1

if [ "$wb_token" = 1 ]; then
  [ -z "$wb_restate" ] || set -- "--comment=$wb_theirs" "$@"
  set -- "--comment=$wb_mark" "$@"
fi
PATH=${wb_path-}
# bash leaves there how this was called.
unset _
# A reader that wants no more must not keep the id from being noted.
{
  # "command" keeps a function that the user exported from standing in for the program.
  umask "$wb_umask"
  command -- sbatch "$@"
  wb_code=$?
  umask 027
  printf '%s\n' "$wb_code" >"$wb_call/exit"
} | (
  trap '' PIPE
  exec tee -- "$wb_call/stdout" 2>/dev/null
)
IFS= read -r wb_code <"$wb_call/exit" && exit "$wb_code"
exit 1
