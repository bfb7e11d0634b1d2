#!/usr/bin/env python3
"""Puts five-fold figures side by side.

usage: accuracy_table.py OURS.jsonl PEERS.jsonl
OURS:  dotnet run -c Release --project tests/ModelHub.Benchmarks -- accuracy --folder DIR > OURS.jsonl
PEERS: accuracy_folds.py --folder DIR > PEERS.jsonl
The error is the standard error of the mean of the five differences to the better peer, fold by fold."""
import json, statistics, sys

ours, peers = ({r["name"]: r for r in map(json.loads, filter(str.strip, open(path)))} for path in sys.argv[1:3])
print("| set | metric | ModelHub | XGBoost | HistGB | ahead of the better by | ± |\n|---|---|---|---|---|---|---|")
wins = 0
for name, peer in peers.items():
    if name not in ours:
        continue
    sign = 1 if peer["metric"] == "auc" else -1
    better = max(("xgboost", "histgb"), key=lambda side: sign * statistics.mean(peer[side]))
    ahead = [sign * (a - b) for a, b in zip(ours[name]["folds"], peer[better])]
    mean, error = statistics.mean(ahead), statistics.stdev(ahead) / len(ahead) ** 0.5
    wins += mean > 0
    digits = "%.1f" if peer["metric"] == "rmse" else "%.5f"
    row = [digits % v for v in (statistics.mean(ours[name]["folds"]), statistics.mean(peer["xgboost"]), statistics.mean(peer["histgb"]), mean, error)]
    print("| %s | %s %s | %s |" % (name, peer["metric"], "↑" if sign > 0 else "↓", " | ".join(row)))
print("\nAhead of both on %d of %d sets." % (wins, sum(name in ours for name in peers)))
