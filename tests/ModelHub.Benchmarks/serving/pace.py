#!/usr/bin/env python3
"""Latency of single rows at full load and at half of it: wrk finds the most that a deployment answers (a closed loop), then requests come at half
that rate whether or not earlier ones were answered (an open loop, timed from when each was due). Turn by turn, medians.

usage: pace.py --url URL --key KEY --data FILE.csv --target NAME [--model xgboost.json] [--rate N] [--seconds 5] [--rounds 3]
Build first: dotnet build -c Release tests/ModelHub.Benchmarks."""
import argparse, json, os, subprocess
import hub as h

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bin", "Release", "net10.0", "ModelHub.Benchmarks.dll")
p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "key", "data", "target"):
    p.add_argument("--" + name, required=True)
p.add_argument("--model"); p.add_argument("--rate", type=float); p.add_argument("--seconds", type=int, default=5); p.add_argument("--rounds", type=int, default=3)
a = p.parse_args()
hub = h.Hub(a.url, a.key)
named, _, csv = h.bodies(a.data, a.target)[0](1)
for model, id in hub.models(a.data, a.target, a.model):
    address = hub.address(hub.deployed(id))
    for form, kind, body in (("JSON", "application/json", named), ("CSV", "text/csv", csv)):
        path = os.path.join(h.WORK, form)
        open(path, "w").write(body)
        full, half = [], []
        h.wrk(a.key, address, kind, body, 32, 2)
        for _ in range(a.rounds):
            full.append(h.wrk(a.key, address, kind, body, 32, a.seconds))
            out = subprocess.run(["dotnet", PROGRAM, "pace", "--url", address, "--key", a.key, "--type", kind, "--body", path, "--rate", str(int(a.rate or full[-1][0] / 2)),
                                  "--seconds", str(a.seconds)], capture_output=True, text=True, check=True)
            half.append(json.loads(out.stdout))
        most, p99, paced = h.median(f[0] for f in full), h.median(f[2] for f in full), h.median(t["p99_us"] for t in half)
        print(f"{model:24} {form:4} {most:.0f} req/s at most, p99 {p99:.0f} us; at half of it p50 {h.median(t['p50_us'] for t in half):.0f} us, p99 {paced:.0f} us: "
              f"{p99 / paced:.1f} times; {sum(f[3] for f in full) + sum(t['bad'] for t in half)} bad; load {os.getloadavg()[0]:.1f}", flush=True)
