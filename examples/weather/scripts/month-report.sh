#!/bin/sh
#SBATCH --job-name=report
#SBATCH --output=logs/%x-%j.out
#SBATCH --time=5
# sh month-report.sh YEAR-MONTH: makes results/report-YEAR-MONTH.txt of data/weather.csv: each city's days by weather.
set -eu

month=$1
mkdir -p results
if ! grep -q ",$month-" data/weather.csv; then
  echo "there is no month $month in data/weather.csv" >&2
  exit 1
fi
awk -F, -v month="$month" '
  substr($2, 1, 7) == month { days[$1 ": " $7]++ }
  END { for (key in days) print key, days[key] }
' data/weather.csv | sort >"results/report-$month.txt"
