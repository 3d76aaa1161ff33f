#!/bin/sh
#SBATCH --job-name=monthly
#SBATCH --output=logs/%x-%j.out
#SBATCH --time=5
# Makes results/monthly.csv of data/weather.csv: for each city, year and month the number of days, the mean temperature
# (of each day's maximum and minimum, °C) and the precipitation (mm).
set -eu

# Places after the point of a temperature.
digits=1

mkdir -p results
awk -F, -v digits="$digits" '
  NR == 1 { next }
  {
    key = $1 "," substr($2, 1, 4) "," substr($2, 6, 2)
    if (!(key in days)) order[++months] = key
    days[key]++
    temperature[key] += ($4 + $5) / 2
    precipitation[key] += $3
  }
  END {
    print "city,year,month,days,temperature,precipitation"
    for (i = 1; i <= months; i++) {
      key = order[i]
      printf "%s,%d,%.*f,%.1f\n", key, days[key], digits, temperature[key] / days[key], precipitation[key]
    }
  }' data/weather.csv >results/monthly.csv

echo "months written: $(($(wc -l <results/monthly.csv) - 1))"
