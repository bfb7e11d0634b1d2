#!/usr/bin/env python3
"""Trains XGBoost (hist) and prints one line of JSON like `ModelHub.Benchmarks train`: seconds with the DMatrix and binning, without reading.

usage: train_xgboost.py --data FILE.csv|FILE.npz --target NAME --task binary|regression [--test-rows N] [--trees N] [--depth D | --leaves L] [--threads T]
Columns of text are coded in sorted order, as the C# side does; the last --test-rows rows are held out for the metric."""
import argparse, ctypes, gc, json, os, time
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads ruin both sides on a shared machine
import numpy as np


def peak_mb():
    """Largest resident size since forget_peak()."""
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))


def forget_peak():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")


def read(path, target):
    import pandas as pd
    frame = pd.read_csv(path, low_memory=False)
    y = frame.pop(target)
    y = y.values.astype(np.float32) if y.dtype.kind in "if" else pd.Categorical(y).codes.astype(np.float32)
    for name in frame.columns:
        if frame[name].dtype.kind not in "biuf":
            codes = pd.Categorical(frame[name], categories=sorted(frame[name].dropna().unique())).codes.astype(np.float32)
            frame[name] = np.where(codes < 0, np.nan, codes)
    return frame.values.astype(np.float32), y


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True); p.add_argument("--target", required=True); p.add_argument("--task", required=True)
    p.add_argument("--test-rows", type=int, default=0); p.add_argument("--trees", type=int, default=100)
    p.add_argument("--depth", type=int, default=6); p.add_argument("--leaves", type=int, default=0); p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    import xgboost as xgb
    x, y = read(a.data, a.target)
    cut = len(y) - a.test_rows
    options = dict(tree_method="hist", max_bin=255, nthread=a.threads, eta=0.1,
                   objective="binary:logistic" if a.task == "binary" else "reg:squarederror")
    options.update(dict(max_depth=0, max_leaves=a.leaves, grow_policy="lossguide") if a.leaves else dict(max_depth=a.depth))
    forget_peak()
    before, clock, cpu = peak_mb(), time.perf_counter(), time.process_time()
    data = xgb.DMatrix(x[:cut], label=y[:cut], nthread=a.threads)
    model = xgb.train(options, data, a.trees)
    seconds, used = time.perf_counter() - clock, time.process_time() - cpu
    peak = peak_mb()
    held = slice(cut, None) if a.test_rows else slice(0, min(cut, 100_000))
    scores = model.predict(xgb.DMatrix(x[held], nthread=a.threads)).astype(np.float64)
    if a.task == "binary":
        from sklearn.metrics import roc_auc_score
        metric = roc_auc_score(y[held], scores)
    else:
        metric = float(np.sqrt(np.mean((scores - y[held]) ** 2)))
    print(json.dumps(dict(side="xgboost " + xgb.__version__, rows=cut, features=x.shape[1], trees=a.trees, threads=a.threads, seconds=round(seconds, 3),
                          cpu_seconds=round(used, 3), metric=metric, before_mb=round(before, 1), peak_mb=round(peak, 1))))


main()
