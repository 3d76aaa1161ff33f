# shellcheck shell=sh
# Who a process is, for the other scripts here. Linux only: proc(5).

# Which boot of the machine this is; a fact about a process is void after the next one.
read -r boot </proc/sys/kernel/random/boot_id

# born PID: sets $born to field 22 of its stat (clock ticks since boot at which it started); fails for none or a zombie.
born() {
  born=
  stat=
  [ -r "/proc/$1/stat" ] || return 1
  # The command's name stands in parentheses and may hold newlines and parentheses: count from the last one.
  while IFS= read -r line; do
    stat="$stat $line"
  done 2>/dev/null <"/proc/$1/stat"
  stat=${stat##*) }
  # shellcheck disable=SC2086 # numbers, to be split
  set -- $stat
  [ "$#" -ge 20 ] || return 1
  case $1 in Z | X) return 1 ;; esac
  born=${20}
}

# alive PID BORN BOOT: whether that very process lives on this host.
alive() {
  [ "$3" = "$boot" ] && born "$1" && [ "$born" = "$2" ]
}
