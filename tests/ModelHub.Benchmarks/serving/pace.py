#!/usr/bin/env python3
"""Latency of single rows at full load and at half of it, by one and the same instrument: wrk finds the most that a deployment answers over 32
connections, then each connection pauses between its requests so that half as many come. Turn by turn, medians.

usage: pace.py --url URL --key KEY --data FILE.csv --target NAME [--model xgboost.json] [--seconds 5] [--rounds 3]"""
import argparse, os
import hub as h

CONNECTIONS = 32
p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "key", "data", "target"):
    p.add_argument("--" + name, required=True)
p.add_argument("--model"); p.add_argument("--seconds", type=int, default=5); p.add_argument("--rounds", type=int, default=3)
a = p.parse_args()
hub = h.Hub(a.url, a.key)
named, _, csv = h.bodies(a.data, a.target)[0](1)
for model, id in hub.models(a.data, a.target, a.model):
    address = hub.address(hub.deployed(id))
    for form, kind, body in (("JSON", "application/json", named), ("CSV", "text/csv", csv)):
        full, half = [], []
        most = h.wrk(a.key, address, kind, body, CONNECTIONS, 3)[0]
        pause = 2e3 * CONNECTIONS / most
        for _ in range(3):  # a pause is followed by the answer's time, and rounded to whole milliseconds: found by trying
            pause *= h.wrk(a.key, address, kind, body, CONNECTIONS, 1, pause)[0] / (most / 2)
        for _ in range(a.rounds):
            full.append(h.wrk(a.key, address, kind, body, CONNECTIONS, a.seconds))
            half.append(h.wrk(a.key, address, kind, body, CONNECTIONS, a.seconds, pause))
        (most, p50, p99), (rate, half50, half99) = ([h.median(r[k] for r in results) for k in range(3)] for results in (full, half))
        print(f"{model:24} {form:4} {most:.0f} req/s at most, p50 {p50:.0f} us, p99 {p99:.0f} us; {rate:.0f} req/s ({rate / most:.2f} of it): p50 {half50:.0f} us, "
              f"p99 {half99:.0f} us: {p99 / half99:.1f} times; {sum(r[3] for r in full + half)} bad; load {os.getloadavg()[0]:.1f}", flush=True)
