#!/usr/bin/env bash
# The mean price of one metal.
set -eu
metal=$1 data=$2 out=$3
mkdir -p "$(dirname "$out")"
awk -F, -v metal="$metal" '$1 == metal { sum += $3; n++ } END { if (!n) exit 1; print metal, sum / n }' "$data" >"$out"
