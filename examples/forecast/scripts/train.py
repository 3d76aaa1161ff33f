"""train.py CLEAN SEASON MODEL: fits tomorrow's highest temperature to what is known today, for one season.

Least squares on the days of 2014. How sure the coefficients are is told by fitting resampled days again and again; the
resampling starts from $SEED, so that every run gives the same numbers.
"""

import contextlib
import csv
import json
import os
import random
import sys

FEATURES = ["max_before", "min_before", "rain_before", "week_mean"]
RESAMPLES = 40


def read(path, season):
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["season"] == season and row["date"] < "2015"]
    return [([1.0] + [float(row[name]) for name in FEATURES], float(row["max"])) for row in rows]


def fit(days):
    """Solves the normal equations, with a trace of ridge so that a season without rain has a solution, too."""
    size = len(FEATURES) + 1
    matrix = [
        [sum(x[i] * x[j] for x, _ in days) + (0.01 if i == j else 0.0) for j in range(size)]
        + [sum(x[i] * y for x, y in days)]
        for i in range(size)
    ]
    for i in range(size):
        pivot = max(range(i, size), key=lambda row: abs(matrix[row][i]))
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        for row in range(size):
            if row != i:
                factor = matrix[row][i] / matrix[i][i]
                matrix[row] = [a - factor * b for a, b in zip(matrix[row], matrix[i])]
    return [matrix[i][size] / matrix[i][i] for i in range(size)]


@contextlib.contextmanager
def telling():
    """Gives a function that reports metadata: by Dagster Pipes where its client is there, else as a plain JSON line."""
    try:
        from dagster_pipes import open_dagster_pipes
    except ImportError:
        def report(metadata):
            with open(os.environ.get("WAYBILL_MESSAGES", os.devnull), "a") as file:
                file.write(json.dumps({"metadata": metadata}) + "\n")

        yield report
    else:
        with open_dagster_pipes() as pipes:
            yield lambda metadata: pipes.report_asset_materialization(metadata=metadata)


def main(clean, season, model):
    days = read(clean, season)
    weights = fit(days)
    draw = random.Random(f"{os.environ.get('SEED', '0')} {model}")
    again = [fit(draw.choices(days, k=len(days))) for _ in range(RESAMPLES)]
    spread = [sorted(values) for values in zip(*again)]
    low, high = RESAMPLES // 40, RESAMPLES - 1 - RESAMPLES // 40
    terms = {
        name: {"weight": round(weight, 4), "from": round(values[low], 4), "to": round(values[high], 4)}
        for name, weight, values in zip(["constant"] + FEATURES, weights, spread)
    }
    error = sum(abs(y - sum(w * v for w, v in zip(weights, x))) for x, y in days) / len(days)
    os.makedirs(os.path.dirname(model), exist_ok=True)
    with open(model, "w") as file:
        json.dump({"season": season, "days": len(days), "terms": terms}, file, indent=1)
        file.write("\n")
    print(f"{model}: {len(days)} days, mean error {error:.2f} °C")
    with telling() as report:
        report({"days": len(days), "training_error": round(error, 3)})


main(*sys.argv[1:])
