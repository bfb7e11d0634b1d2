#!/usr/bin/env python3
"""A whole CSV through one streaming request, CSV out, beside a loop that only parses the same file on two threads and writes one number per row,
and beside pandas with XGBoost; interleaved, medians.

usage: stream.py --url URL --key KEY --pid PID --data FILE.csv --target NAME --floor floor.dll [--model xgboost.json] [--rounds 3] [--pandas]
--floor is a program that, called `fastwrite FILE 2`, prints {"seconds"}; --pandas needs --model and a python3 with pandas and xgboost."""
import argparse, json, os, subprocess, sys, time
import hub as h

ALONE = """
import sys, time, json, numpy as np, pandas as pd, xgboost as xgb
model, data, target, out = sys.argv[1:]
booster = xgb.Booster(); booster.load_model(model); booster.set_param({"nthread": 2})
began = time.perf_counter()
with open(out, "w") as file:
    for at, part in enumerate(pd.read_csv(data, chunksize=100000)):
        p = booster.inplace_predict(part.drop(columns=[target]).values.astype(np.float32))
        pd.DataFrame({"prediction": (p > .5).astype(int), "probability": p}).to_csv(file, index=False, header=at == 0)
print(json.dumps({"seconds": time.perf_counter() - began}))
"""

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "key", "data", "target", "floor"):
    p.add_argument("--" + name, required=True)
p.add_argument("--pid", type=int, required=True); p.add_argument("--model"); p.add_argument("--rounds", type=int, default=3); p.add_argument("--pandas", action="store_true")
a = p.parse_args()
hub, out = h.Hub(a.url, a.key), os.path.join(h.WORK, "out.csv")


def seconds(command, **more):
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, **more).stdout.strip().splitlines()[-1])["seconds"]


def streamed(address):
    began = time.time()
    subprocess.run(["curl", "-sS", "--fail", "-T", a.data, "-X", "POST", "-H", "Expect:", "-H", "Authorization: Bearer " + a.key, "-H", "Content-Type: text/csv",
                    "-H", "Accept: text/csv", address, "-o", out], check=True)
    return time.time() - began


for name, model in hub.models(a.data, a.target, a.model):
    address = hub.address(hub.deployed(model))
    streamed(address)  # warms up
    ours, floor, pandas, growth = [], [], [], []
    for _ in range(a.rounds):
        floor.append(seconds(["dotnet", a.floor, "fastwrite", a.data, "2"]))
        with h.Growth(a.pid) as grown:
            ours.append(streamed(address))
        growth.append(grown.most)
        if a.pandas:
            pandas.append(seconds(["/usr/bin/python3", "-c", ALONE, a.model, a.data, a.target, out + ".py"], env=dict(os.environ, OMP_WAIT_POLICY="PASSIVE")))
    rows = sum(1 for _ in open(out)) - 1
    print(f"{name}: {rows} rows in {h.median(ours):.2f} s ({min(ours):.2f} to {max(ours):.2f}), parse-only {h.median(floor):.2f} s: "
          f"{h.median(floor) / h.median(ours):.2f} of it; " + (f"pandas and XGBoost {h.median(pandas):.2f} s: {h.median(pandas) / h.median(ours):.1f} times as fast; " if pandas else "")
          + f"memory grew by at most {max(growth):.0f} MB; load {os.getloadavg()[0]:.1f}", flush=True)
