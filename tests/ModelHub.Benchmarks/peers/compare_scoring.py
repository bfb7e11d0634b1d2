#!/usr/bin/env python3
"""Scoring and contributions (SHAP) of ModelHub and XGBoost, one after the other and again, each run in its own process; medians and ratios.

usage: compare_scoring.py --data FILE.csv --target NAME [--rounds 3] [--train-rows 200000] [--rows 50000] [--shap-rows 3000]
Build first: dotnet build -c Release tests/ModelHub.Benchmarks. XGBoost gets a new DMatrix per prediction (it caches predictions of one), which is not timed."""
import argparse, json, os, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "..", "bin", "Release", "net10.0", "ModelHub.Benchmarks.dll")
TRIES = 3


def ours(verb, a, trees, rows):
    out = subprocess.run(["dotnet", PROGRAM, verb, "--data", a.data, "--target", a.target, "--task", "binary", "--trees", str(trees), "--depth", "6", "--most",
                          str(a.train_rows + rows), "--train-rows", str(a.train_rows), "--rows", str(rows), "--threads", "2", "--json"],
                         check=True, capture_output=True, text=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


def theirs(a):
    """Runs in a process of its own: one line of rows per second for each of the four."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import numpy as np, pandas as pd, xgboost as xgb
    frame = pd.read_csv(a.data, nrows=a.train_rows + a.rows)
    y, x = frame.pop(a.target).values, frame.values.astype(np.float32)
    train = xgb.DMatrix(x[:a.train_rows], label=y[:a.train_rows], nthread=2)
    found = {}
    for trees in (100, 500):
        model = xgb.train(dict(tree_method="hist", max_depth=6, max_bin=255, eta=0.1, nthread=2, objective="binary:logistic"), train, trees)
        for verb, rows, options in (("score", a.rows, {}), ("shap", a.shap_rows, dict(pred_contribs=True))):
            best = 0.0
            for _ in range(TRIES):
                matrix = xgb.DMatrix(x[a.train_rows:a.train_rows + rows], nthread=2)
                clock = time.perf_counter()
                model.predict(matrix, **options)
                best = max(best, rows / (time.perf_counter() - clock))
            found["%s %d" % (verb, trees)] = best
    print(json.dumps(found))


p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--data", required=True); p.add_argument("--target", required=True); p.add_argument("--rounds", type=int, default=3)
p.add_argument("--train-rows", type=int, default=200_000); p.add_argument("--rows", type=int, default=50_000); p.add_argument("--shap-rows", type=int, default=3_000)
p.add_argument("--theirs", action="store_true", help=argparse.SUPPRESS)
a = p.parse_args()
if a.theirs:
    theirs(a)
    sys.exit()
runs, error, single = {}, 0.0, []
for _ in range(a.rounds):
    for verb, rows in (("score", a.rows), ("shap", a.shap_rows)):
        for trees in (100, 500):
            line = ours(verb, a, trees, rows)
            runs.setdefault("%s %d" % (verb, trees), ([], []))[0].append(line["rows_per_second"])
            error = max(error, line.get("max_sum_error", 0.0))
    out = subprocess.run([os.environ.get("PEER_PYTHON", "/usr/bin/python3"), os.path.abspath(__file__), "--theirs"] + sys.argv[1:], check=True, capture_output=True, text=True)
    for what, rate in json.loads(out.stdout.strip().splitlines()[-1]).items():
        runs[what][1].append(rate)
    out = subprocess.run(["dotnet", PROGRAM, "score", "--data", a.data, "--target", a.target, "--task", "binary", "--trees", "100", "--leaves", "31", "--most", "70000",
                          "--train-rows", "20000", "--rows", "20000", "--threads", "1", "--json"], check=True, capture_output=True, text=True)
    single.append(json.loads(out.stdout.strip().splitlines()[-1])["single_row_us"])
    print("load", os.getloadavg()[0], file=sys.stderr, flush=True)
print("| what | ModelHub, rows/s | XGBoost, rows/s | ratio |\n|---|---|---|---|")
for what, (mine, other) in runs.items():
    print("| %s trees, depth 6 | %s | %s | %.1f |" % (what, format(round(statistics.median(mine)), ","), format(round(statistics.median(other)), ","),
                                                 statistics.median(mine) / statistics.median(other)))
print("\nSum error of contributions, relative to max(1, score): %.1g. Single row, 100 trees of 31 leaves, one thread: %.2f µs." % (error, statistics.median(single)))
