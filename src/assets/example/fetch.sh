#!/usr/bin/env bash
# Makes the data. A real one would download it.
set -eu
out=$1
mkdir -p "$(dirname "$out")"
{
  echo metal,day,price
  for day in 1 2 3 4 5 6 7; do
    echo "gold,$day,$((1900 + day * 3))"
    echo "silver,$day,$((24 + day))"
    echo "bronze,$day,$((6 + day % 3))"
  done
} >"$out"
