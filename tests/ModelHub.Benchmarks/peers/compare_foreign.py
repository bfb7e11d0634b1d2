#!/usr/bin/env python3
"""A model file of XGBoost's (binary) in XGBoost and in ModelHub: rows per second of a batch on two threads, turn by turn, and how far predictions are apart.

usage: compare_foreign.py --model MODEL.json --data FILE.csv --target NAME [--rows 200000] [--rounds 9]
Build first: dotnet build -c Release tests/ModelHub.Benchmarks. Run with a Python that has xgboost. XGBoost gets a new DMatrix per prediction, not timed, as it
caches predictions; and predicts in place from the same array as well, of which the faster one counts."""
import argparse, os, statistics, subprocess, tempfile, time
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import numpy as np, pandas as pd, xgboost as xgb

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "..", "bin", "Release", "net10.0", "ModelHub.Benchmarks.dll")
p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--model", required=True); p.add_argument("--data", required=True); p.add_argument("--target", required=True)
p.add_argument("--rows", type=int, default=200_000); p.add_argument("--rounds", type=int, default=9)
a = p.parse_args()
frame = pd.read_csv(a.data, nrows=a.rows)
x = np.ascontiguousarray(frame.drop(columns=a.target).values.astype(np.float32))
booster = xgb.Booster(model_file=a.model)
booster.set_param({"nthread": 2})
booster.feature_names = booster.feature_types = None
with tempfile.TemporaryDirectory() as folder:
    rows, out = os.path.join(folder, "rows"), os.path.join(folder, "out")
    x.tofile(rows)
    ours = subprocess.Popen(["dotnet", PROGRAM, "foreign", "--model", a.model, "--rows", rows, "--out", out, "--threads", "2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    runs = {"ModelHub": [], "XGBoost": [], "XGBoost in place": []}
    for turn in range(a.rounds + 2):  # the first two warm up and are thrown away
        ours.stdin.write("\n"); ours.stdin.flush()
        taken = [float(ours.stdout.readline())]
        matrix = xgb.DMatrix(x, nthread=2)
        clock = time.perf_counter(); theirs = booster.predict(matrix); taken.append(time.perf_counter() - clock)
        clock = time.perf_counter(); booster.inplace_predict(x); taken.append(time.perf_counter() - clock)
        for which, seconds in zip(runs, taken):
            runs[which] += [seconds] if turn > 1 else []
    ours.stdin.close(); ours.wait()
    apart = np.abs(np.fromfile(out).reshape(len(x), 2)[:, 1] - theirs).max()
for which, seconds in runs.items():
    print(f"{which:18} median {len(x) / statistics.median(seconds):12,.0f} rows/s, best {len(x) / min(seconds):12,.0f}")
best = min(statistics.median(runs["XGBoost"]), statistics.median(runs["XGBoost in place"]))
print(f"ratio of medians {best / statistics.median(runs['ModelHub']):.2f} (of best {min(runs['XGBoost'] + runs['XGBoost in place']) / min(runs['ModelHub']):.2f}); "
      f"largest difference {apart:.1e}; load {os.getloadavg()[0]:.1f}")
