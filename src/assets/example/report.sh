#!/usr/bin/env bash
# All models in one table.
set -eu
out=$1
{
  echo '| metal | mean price |'
  echo '| ----- | ---------- |'
  cat models/*.txt | while read -r metal mean; do echo "| $metal | $mean |"; done
} >"$out"
