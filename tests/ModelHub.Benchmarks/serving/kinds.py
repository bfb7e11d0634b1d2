#!/usr/bin/env python3
"""What a model's kinds of answers cost over HTTP, with wrk beside a bare endpoint; interleaved, medians: a row, a row with contributions, 1,000 rows, and a
row through the same model as ONNX.

usage: kinds.py --url URL --key KEY --data FILE.csv --target NAME --bare minimal.dll [--model xgboost.json] [--kernel ROWS_PER_SECOND] [--seconds 4] [--rounds 3]
--bare is a Kestrel program with POST /predict_fast; --kernel is what the SHAP kernel explains on the same cores (ModelHub.Benchmarks shap).
Without --model a leaderboard is trained on 20,000 rows; only its models are tried as ONNX."""
import argparse, json, os, subprocess, time, urllib.error, urllib.request
import hub as h

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "key", "data", "target", "bare"):
    p.add_argument("--" + name, required=True)
p.add_argument("--model"); p.add_argument("--kernel", type=float); p.add_argument("--seconds", type=int, default=4); p.add_argument("--rounds", type=int, default=3)
a = p.parse_args()
hub = h.Hub(a.url, a.key)
bodies, features = h.bodies(a.data, a.target)


def as_onnx(model):
    """The version of an upload of the model's own ONNX form; None where it has none."""
    try:
        return hub.uploaded(urllib.request.urlopen(urllib.request.Request(f"{a.url}/api/models/{model}/artifact/onnx", headers={"Authorization": "Bearer " + a.key})).read(), "m.onnx")
    except urllib.error.HTTPError:
        return None


bare = subprocess.Popen(["dotnet", a.bare, "--urls", "http://127.0.0.1:7304"], stdout=subprocess.DEVNULL, env=dict(os.environ, DOTNET_gcServer="0"))
time.sleep(2)
try:
    one, many = (bodies(count) for count in (1, 1000))
    for model, id in hub.models(a.data, a.target, a.model):
        own, onnx = f"{a.url}/api/models/{id}/predict", as_onnx(id)
        asked = {"bare, a row": ("http://127.0.0.1:7304/predict_fast", one[1], 32), "a row": (own, '{"inputs": %s}' % one[0], 32),
                 "a row, contributions": (own, '{"inputs": %s, "options": {"include_contributions": true}}' % one[0], 32),
                 "bare, 1,000 rows": ("http://127.0.0.1:7304/predict_fast", many[1], 4), "1,000 rows": (own, '{"inputs": %s}' % many[0], 4)}
        if onnx:
            asked["a row, as ONNX"] = (f"{a.url}/api/models/{onnx}/predict", '{"inputs": %s}' % one[0], 32)
        found = {}
        for turn in range(a.rounds + 1):  # the first warms up and is thrown away
            for name, (where, body, connections) in asked.items():
                found.setdefault(name, []).append(h.wrk(a.key, where, "application/json", body, connections, a.seconds if turn else 2))
        rates = {name: h.median(r[0] for r in runs[1:]) for name, runs in found.items()}
        for name, rate in rates.items():
            floor = rates["bare, 1,000 rows" if "1,000" in name else "bare, a row"]
            both = 1 / (1 / floor + 1 / a.kernel) if a.kernel and "contributions" in name else None
            print(f"{model:24} {name:22} {rate:9.0f} req/s  {rate / floor:.2f} of the bare endpoint"
                  f"{f', {rate / both:.2f} of it and the kernel together' if both else ''}, {sum(r[3] for r in found[name])} bad; load {os.getloadavg()[0]:.1f}", flush=True)
finally:
    bare.kill()
