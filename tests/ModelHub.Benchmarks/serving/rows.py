#!/usr/bin/env python3
"""Single rows and 1,000 rows over HTTP with wrk, beside a bare endpoint and a peer; interleaved, medians.

usage: rows.py --url URL --key KEY --data FILE.csv --target NAME --bare minimal.dll [--model xgboost.json] [--peer ADDRESS] [--seconds 4] [--rounds 3]
--bare is a Kestrel program with POST /predict_fast; --peer takes {"inputs": [...]} with features f00, f01, ..., such as a FastAPI server's /predict.
Without --model a leaderboard is trained on 20,000 rows."""
import argparse, json, os, subprocess, time
import hub as h

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "key", "data", "target", "bare"):
    p.add_argument("--" + name, required=True)
p.add_argument("--model"); p.add_argument("--peer"); p.add_argument("--seconds", type=int, default=4); p.add_argument("--rounds", type=int, default=3)
a = p.parse_args()
hub = h.Hub(a.url, a.key)
bodies, features = h.bodies(a.data, a.target)
bare = subprocess.Popen(["dotnet", a.bare, "--urls", "http://127.0.0.1:7304"], stdout=subprocess.DEVNULL, env=dict(os.environ, DOTNET_gcServer="0"))
time.sleep(2)
try:
    for model, id in hub.models(a.data, a.target, a.model):
        address, found = hub.address(hub.deployed(id)), {}
        for turn in range(a.rounds + 1):  # the first warms up and is thrown away
            for count, connections in ((1, 32), (1000, 4)):
                named, plain, csv = bodies(count)
                asked = [("bare", "http://127.0.0.1:7304/predict_fast", "application/json", plain), ("JSON", address, "application/json", named),
                         ("CSV", address, "text/csv", csv), ("hub's own", f"{a.url}/api/models/{id}/predict", "application/json", '{"inputs": %s}' % named)]
                for name, where, kind, body in asked + ([("peer", a.peer, "application/json", plain)] if a.peer else []):
                    result = h.wrk(a.key, where, kind, body, connections, a.seconds if turn else 2)
                    if turn:
                        found.setdefault((count, name), []).append(result)
        for (count, name), results in found.items():
            rate, of = (h.median(r[0] for r in found[key]) for key in ((count, name), (count, "bare")))
            times = f"{rate / h.median(r[0] for r in found[count, 'peer']):.1f} times the peer, " if a.peer else ""
            print(f"{model:24} {count:5} rows {name:9} {rate:9.0f} req/s  p50 {h.median(r[1] for r in results):7.0f} us  p99 {h.median(r[2] for r in results):7.0f} us  "
                  f"{rate / of:.2f} of the bare endpoint, {times}{sum(r[3] for r in results)} bad; load {os.getloadavg()[0]:.1f}", flush=True)
finally:
    bare.kill()
