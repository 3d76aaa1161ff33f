"""beats_today.py SCORES: in no season may a model be worse than the guess that tomorrow will be as today."""

import csv
import sys

with open(sys.argv[1], newline="") as file:
    worse = [row["season"] for row in csv.DictReader(file) if float(row["model"]) > float(row["as_today"])]
if worse:
    sys.exit(f"{sys.argv[1]}: the model is worse in {', '.join(worse)}")
