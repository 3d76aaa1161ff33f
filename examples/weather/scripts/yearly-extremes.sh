#!/bin/sh
#SBATCH --job-name=extremes
#SBATCH --output=logs/%x-%A_%a.out
#SBATCH --time=5
# One task of an array a year, index 12 for 2012: makes results/extremes/YEAR.csv of data/weather.csv, with each city's
# hottest, coldest and wettest day.
set -eu

# Slurm and Waybill's own scheduler tell a task its index in a variable each.
year=20${SLURM_ARRAY_TASK_ID:-${WAYBILL_ARRAY_TASK_ID:?run as a task of an array}}

mkdir -p results/extremes
awk -F, -v year="$year" '
  NR > 1 && substr($2, 1, 4) == year {
    if (!($1 in hot)) {
      order[++cities] = $1
      hot[$1] = $4; hotDay[$1] = $2
      cold[$1] = $5; coldDay[$1] = $2
      wet[$1] = $3; wetDay[$1] = $2
    }
    if ($4 + 0 > hot[$1] + 0) { hot[$1] = $4; hotDay[$1] = $2 }
    if ($5 + 0 < cold[$1] + 0) { cold[$1] = $5; coldDay[$1] = $2 }
    if ($3 + 0 > wet[$1] + 0) { wet[$1] = $3; wetDay[$1] = $2 }
  }
  END {
    if (cities == 0) { print "no day of " year " in the data" | "cat >&2"; exit 1 }
    print "city,what,date,value"
    for (i = 1; i <= cities; i++) {
      city = order[i]
      print city ",hottest (degrees C)," hotDay[city] "," hot[city]
      print city ",coldest (degrees C)," coldDay[city] "," cold[city]
      print city ",wettest (mm)," wetDay[city] "," wet[city]
    }
  }' data/weather.csv >"results/extremes/$year.csv"

echo "extremes of $year written"
