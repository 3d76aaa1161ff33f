#!/bin/sh
#SBATCH --job-name=compare
#SBATCH --output=logs/%x-%j.out
#SBATCH --time=5
# Makes results/departures.csv of results/monthly.csv and data/seattle-weather-hourly-normals.csv: how much warmer than
# its normal each month was in Seattle (°C).
set -eu

awk -F, '
  FNR == 1 { file++; next }
  file == 1 { month = substr($1, 6, 2) + 0; hours[month]++; normal[month] += $3; next }
  $1 == "Seattle" {
    if (!header++) print "year,month,temperature,normal,departure"
    month = $3 + 0
    usual = normal[month] / hours[month]
    printf "%s,%s,%.1f,%.1f,%+.1f\n", $2, $3, $5, usual, $5 - usual
    if ($5 > usual) warmer++
    months++
  }
  END { printf "%d of %d months were warmer than normal\n", warmer, months | "cat >&2" }
' data/seattle-weather-hourly-normals.csv results/monthly.csv >results/departures.csv
