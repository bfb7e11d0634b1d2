#!/usr/bin/env python3
"""Training time of ModelHub and XGBoost (hist), one after the other and again, each run in its own process; medians and ratios.

usage: compare_training.py --data FILE.csv --target NAME --task binary|regression [--rounds 3] [--test-rows N] [--trees N] [--depth D | --leaves L]
Build first: dotnet build -c Release tests/ModelHub.Benchmarks. XGBoost comes with the packages python3-xgboost, python3-pandas, python3-sklearn."""
import json, os, statistics, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = ["dotnet", os.path.join(HERE, "..", "bin", "Release", "net10.0", "ModelHub.Benchmarks.dll"), "train", "--json", "--threads", "2"]
THEIRS = ["/usr/bin/python3", os.path.join(HERE, "train_xgboost.py"), "--threads", "2"]

args = sys.argv[1:]
rounds = int(args.pop(args.index("--rounds") + 1)) if "--rounds" in args else 3
args = [a for a in args if a != "--rounds"]
runs = {"ModelHub": [], "XGBoost": []}
for i in range(rounds):
    for name, command in (("ModelHub", OURS), ("XGBoost", THEIRS)):
        out = subprocess.run(command + args, check=True, capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS="2"))
        runs[name].append(json.loads(out.stdout.strip().splitlines()[-1]))
        print(name, json.dumps(runs[name][-1]), "load", os.getloadavg()[0], flush=True)


def middle(name, value):
    return statistics.median(value(r) for r in runs[name])


print("| | seconds | processor seconds | memory added, MB | metric |\n|---|---|---|---|---|")
columns = [lambda r: r["seconds"], lambda r: r["cpu_seconds"], lambda r: r["peak_mb"] - r["before_mb"], lambda r: r["metric"]]
for name in runs:
    print("| %s | %.2f | %.2f | %.0f | %.5f |" % (name, *[middle(name, c) for c in columns]))
print("| ratio | %.2f | %.2f | %.2f | |" % tuple(middle("ModelHub", c) / middle("XGBoost", c) for c in columns[:3]))
