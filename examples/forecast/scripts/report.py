"""report.py REPORT CHART: the scores of all stations as a page and a chart."""

import csv
import json
import os
import sys

STATIONS = {"seattle": "Seattle", "new-york": "New York"}


def read():
    for station in STATIONS:
        with open(f"scores/{station}.csv", newline="") as file:
            yield from csv.DictReader(file)


def page(rows, chart):
    yield "# How warm will it be tomorrow?\n"
    yield "Mean error of the highest temperature in 2015, in °C: of a model made from 2014, and of the guess that"
    yield "tomorrow will be as today.\n"
    yield "| station | season | days | model | as today |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for row in rows:
        yield f"| {STATIONS[row['station']]} | {row['season']} | {row['days']} | {row['model']} | {row['as_today']} |"
    yield f"\n![Model and guess beside each other]({chart})"


def bars(rows):
    height, scale, left = 20, 70, 140
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="480" height="{height * len(rows) + 30}" font-family="sans-serif" font-size="12">'
    for place, row in enumerate(rows):
        top = place * height + 5
        yield f'<text x="{left - 8}" y="{top + 11}" text-anchor="end">{STATIONS[row["station"]]}, {row["season"]}</text>'
        yield f'<rect x="{left}" y="{top}" width="{float(row["as_today"]) * scale:.0f}" height="14" fill="#d8d8d8"/>'
        yield f'<rect x="{left}" y="{top + 4}" width="{float(row["model"]) * scale:.0f}" height="6" fill="#2a6f97"/>'
    yield f'<text x="{left}" y="{height * len(rows) + 22}">blue: model, grey: as today; mean error</text>'
    yield "</svg>"


def main(report, chart):
    rows = list(read())
    with open(report, "w") as file:
        file.writelines(f"{line}\n" for line in page(rows, os.path.basename(chart)))
    with open(chart, "w") as file:
        file.writelines(f"{line}\n" for line in bars(rows))
    better = sum(float(row["model"]) < float(row["as_today"]) for row in rows)
    with open(os.environ.get("WAYBILL_MESSAGES", os.devnull), "a") as file:
        file.write(json.dumps({"metadata": {"better": better, "rows": len(rows)}}) + "\n")


main(*sys.argv[1:])
