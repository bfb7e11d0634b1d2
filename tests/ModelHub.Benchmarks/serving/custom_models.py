"""Custom models against the calls that they are made of. A hub has to be running:

    python3 custom_models.py --url http://127.0.0.1:5080 --key KEY [--data DATA_FOLDER] [--only overhead,start,impact,storage]

overhead: one row through a deployment, less the same row sent to the model's own server. start: from nothing to the first prediction, and
the first prediction of a model that runs. impact: feature impact of 20 columns x 10,000 rows, against the raw predictions that it needs.
storage: 1,000 versions of a 100 MB model that differ in one small file (--data is the hub's data folder). Prints one JSON line each.
"""
import argparse
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

START = b'#!/bin/sh\ncd "$(dirname "$0")"\nexec python3 -u server.py\n'
SERVER = b'''import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WEIGHTS = [0.5 * i for i in range(20)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.reply(b"")

    def do_POST(self):
        columns = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["X"]
        rows = zip(*columns.values())
        self.reply(json.dumps({"predictions": [sum(w * v for w, v in zip(WEIGHTS, row)) for row in rows]}).encode())

    def log_message(self, *_):
        pass


host, _, port = os.environ["ADDRESS"].rpartition(":")
ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
'''
BUILT_IN = "000000000000000000000b01"


class Hub:
    def __init__(self, url, key):
        parts = urllib.parse.urlsplit(url)
        self.key, self.link = key, http.client.HTTPConnection(parts.hostname, parts.port)
        self.link.connect()
        self.link.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, method, path, body=None, kind="application/json"):
        data = json.dumps(body).encode() if kind == "application/json" and body is not None else body
        self.link.request(method, path, data, {"Authorization": "Bearer " + self.key, **({"Content-Type": kind} if data is not None else {})})
        answer = self.link.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:500]!r}")
        return json.loads(text) if text and "json" in answer.getheader("Content-Type", "") else text

    def form(self, method, path, fields, files=()):
        mark = uuid.uuid4().hex
        out = bytearray()
        for name, value in fields:
            out += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for field, name, content in files:
            out += f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n"
        return self.call(method, path, bytes(out + f"--{mark}--\r\n".encode()), f"multipart/form-data; boundary={mark}")

    def version(self, model, files, method="POST"):
        fields = [("isMajorUpdate", "false"), ("baseEnvironmentId", BUILT_IN)] + [("filePath", name) for name in files]
        return self.form(method, f"/api/v2/customModels/{model}/versions/", fields, [("file", name, content) for name, content in files.items()])

    def model(self):
        body = {"name": "bench", "customModelType": "inference", "targetType": "Regression", "targetName": "y"}
        return self.call("POST", "/api/v2/customModels/", body)["id"]

    def deploy(self, version):
        body = {"customModelVersionId": version, "label": "bench " + uuid.uuid4().hex}
        return self.call("POST", "/api/v2/deployments/fromCustomModelVersion/", body)["id"]


def own_server():
    """The model's server as a process of its own, and a connection to it."""
    folder = tempfile.mkdtemp()
    with open(folder + "/server.py", "wb") as file:
        file.write(SERVER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, folder + "/server.py"], env={**os.environ, "ADDRESS": f"127.0.0.1:{port}"})
    for _ in range(200):
        try:
            link = http.client.HTTPConnection("127.0.0.1", port)
            link.connect()
            link.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return process, link
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the model's server does not start")


def ask(link, body):
    link.request("POST", "/predict_no_state/", body, {"Content-Type": "application/json"})
    return link.getresponse().read()


def timed(work, times):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - start))
    return taken


def overhead(hub, _):
    version = hub.version(hub.model(), {"start_server.sh": START, "server.py": SERVER})["id"]
    where = f"/predApi/v1.0/deployments/{hub.deploy(version)}/predictions"
    process, link = own_server()
    row = {f"c{i}": float(i) for i in range(20)}
    direct, through = [], []
    body = json.dumps({"X": {k: [v] for k, v in row.items()}}).encode()
    csv = (",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n").encode()
    for round_ in range(60):                     # in turn, so that both see the same machine; half of them until the hub's code is compiled for good
        a, b = timed(lambda: ask(link, body), 150), timed(lambda: hub.call("POST", where, csv, "text/csv"), 150)
        if round_ >= 30:
            direct += a
            through += b
    process.kill()
    p50, own = statistics.median(through), statistics.median(direct)
    return {"what": "one row", "hub_p50_ms": p50, "own_server_p50_ms": own, "overhead_p50_ms": p50 - own}


def start(hub, _):
    cold, warm = [], []
    for i in range(8):
        version = hub.version(hub.model(), {"start_server.sh": START, "server.py": SERVER, "n.txt": str(i).encode()})["id"]
        begin = time.perf_counter()
        where = f"/predApi/v1.0/deployments/{hub.deploy(version)}/predictions"
        middle = time.perf_counter()
        hub.call("POST", where, b"c0,c1\n1,2\n", "text/csv")
        cold.append(1000 * (time.perf_counter() - begin))
        warm.append(1000 * (time.perf_counter() - middle))
    return {"what": "start", "cold_median_ms": statistics.median(cold), "cold_least_ms": min(cold), "warm_median_ms": statistics.median(warm)}


def impact(hub, _):
    draw = random.Random(1)
    columns = {f"c{i}": [round(draw.gauss(0, 1), 6) for _ in range(10_000)] for i in range(20)}
    names = list(columns)
    rows = zip(*columns.values())
    text = ",".join(names) + ",y\n" + "".join(",".join(map(str, r)) + f",{sum(r)}\n" for r in rows)
    dataset = hub.form("POST", "/api/v2/datasets/fromFile/", [], [("file", "d.csv", text.encode())])["catalogId"]
    model = hub.model()
    version = hub.version(model, {"start_server.sh": START, "server.py": SERVER})["id"]
    hub.call("PATCH", f"/api/v2/customModels/{model}/trainingData/", {"datasetId": dataset})
    where = f"/api/v2/customModels/{model}/versions/{version}/featureImpact/"
    process, link = own_server()
    body = json.dumps({"X": columns}).encode()
    ask(link, body)
    results = []
    for _ in range(3):
        raw = sum(timed(lambda: ask(link, body), 21)) / 1000
        hub.call("POST", where, {"rowCount": 10_000})
        while True:
            found = next(j for j in hub.call("GET", "/api/jobs?limit=50")["items"] if j["kind"].endswith("feature_impact"))    # newest first
            if found["state"] not in ("queued", "running"):
                break
            time.sleep(0.2)
        taken = seconds(found["finished_at"]) - seconds(found["started_at"])
        results.append((taken / raw, taken, raw))
    process.kill()
    ratio, taken, raw = sorted(results)[1]
    return {"what": "feature impact 20 x 10,000", "seconds": taken, "raw_predictions_seconds": raw, "ratio": ratio}


def seconds(text):
    from datetime import datetime
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def storage(hub, data):
    def used():
        total = 0
        for folder, _, files in os.walk(os.path.join(data, "artifacts")):
            total += sum(os.lstat(os.path.join(folder, f)).st_size for f in files)
        return total
    before, model = used(), hub.model()
    size = 100 << 20
    hub.version(model, {"weights.bin": random.Random(uuid.uuid4().int).randbytes(size), "custom.py": b"def score(d, m, **k): return [0]\n"})
    begin = time.perf_counter()
    for i in range(999):
        hub.version(model, {"config.json": json.dumps({"version": i}).encode()}, "PATCH")
    return {"what": "1,000 versions", "stored_over_one_copy": (used() - before) / size, "ms_per_version": (time.perf_counter() - begin) / 0.999}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--url", default="http://127.0.0.1:5080")
    options.add_argument("--key", required=True)
    options.add_argument("--data", default="data")
    options.add_argument("--only", default="overhead,start,impact,storage")
    chosen = options.parse_args()
    for name in chosen.only.split(","):
        print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in globals()[name](Hub(chosen.url, chosen.key), chosen.data).items()}), flush=True)


main()
