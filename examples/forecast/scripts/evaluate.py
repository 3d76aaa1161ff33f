"""evaluate.py STATION SCORES: how far off each season's model is in 2015, beside "tomorrow will be as today"."""

import csv
import json
import os
import sys

SEASONS = ["winter", "spring", "summer", "autumn"]


def main(station, scores):
    with open(f"clean/{station}.csv", newline="") as file:
        days = [row for row in csv.DictReader(file) if row["date"] >= "2015"]
    lines = []
    for season in SEASONS:
        with open(f"models/{station}-{season}.json") as file:
            weights = {name: term["weight"] for name, term in json.load(file)["terms"].items()}
        own = [day for day in days if day["season"] == season]
        model = today = 0.0
        for day in own:
            guess = weights["constant"] + sum(
                weight * float(day[name]) for name, weight in weights.items() if name != "constant"
            )
            model += abs(guess - float(day["max"]))
            today += abs(float(day["max_before"]) - float(day["max"]))
        lines.append([station, season, len(own), f"{model / len(own):.2f}", f"{today / len(own):.2f}"])
    os.makedirs(os.path.dirname(scores), exist_ok=True)
    with open(scores, "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["station", "season", "days", "model", "as_today"])
        table.writerows(lines)
    better = sum(float(line[3]) < float(line[4]) for line in lines)
    print(f"{station}: better than 'as today' in {better} of {len(lines)} seasons")
    with open(os.environ.get("WAYBILL_MESSAGES", os.devnull), "a") as file:
        file.write(json.dumps({"metadata": {"better": better, "seasons": len(lines)}}) + "\n")


main(*sys.argv[1:])
