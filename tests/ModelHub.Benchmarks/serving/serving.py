#!/usr/bin/env python3
"""Scoring over HTTP beside a bare endpoint and a parse-only loop, interleaved; medians and ratios.

usage: serving.py ROWS URL KEY DATA.csv TARGET FLOOR.dll [seconds] [rounds]      single rows and 1,000 rows, with wrk
       serving.py STREAM URL KEY DATA.csv TARGET FLOOR.dll PID [rounds]          the whole file through one request, CSV out
PEER in the environment is one more address that takes {"inputs": [...]}, such as a FastAPI server's.
FLOOR.dll is a bare Kestrel endpoint with POST /predict_fast (ROWS), or a program that parses FILE on two threads and prints {"seconds"} (STREAM).
"""
import json, os, re, statistics, subprocess, sys, tempfile, threading, time, urllib.request

what, url, key, data, target, floor = sys.argv[1:7]
head = {"Authorization": "Bearer " + key}
work = tempfile.mkdtemp()


def call(method, path, body=None, kind="application/json"):
    body = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(url + path, body, {**head, "Content-Type": kind}, method=method)))


def upload(project, name, content):
    edge, parts = "edge-of-a-part", b""
    for field, value in (("project_id", project), ("name", name)):
        parts += f'--{edge}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
    parts += f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}.csv"\r\n\r\n'.encode() + content + f"\r\n--{edge}--\r\n".encode()
    return call("POST", "/api/datasets", parts, "multipart/form-data; boundary=" + edge)["dataset"]


def deployments(lines):
    """Trains a leaderboard on the first rows and deploys every model of it."""
    project = call("POST", "/api/projects", {"name": f"bench {time.time()}"})["project"]["id"]
    dataset = upload(project, "rows", "\n".join(lines).encode())
    run = call("POST", "/api/experiments", {"dataset_version_id": dataset["version_id"], "name": "bench", "target_column": target,
                                            "config": {"max_models": 2, "nfolds": 2, "mode": "high_speed"}})["experiment"]["id"]
    while (now := call("GET", f"/api/experiments/{run}")["experiment"])["status"] in ("queued", "running"):
        time.sleep(0.5)
    for model in now["leaderboard"]:
        made = call("POST", "/api/deployments", {"name": "bench", "model_id": model["id"], "stage": "production"})["deployment"]
        yield model, f"{url}/predApi/v1.0/deployments/{made['id']}/predictions"


def wrk(name, address, kind, body, connections, seconds):
    path = os.path.join(work, name)
    open(path + ".body", "w").write(body)
    open(path + ".lua", "w").write(
        f'local f = io.open("{path}.body", "rb")\nwrk.body = f:read("*a")\nf:close()\nwrk.method = "POST"\nwrk.headers["Content-Type"] = "{kind}"\n'
        f'wrk.headers["Authorization"] = "Bearer {key}"\n'
        'done = function(s, l, r) io.write(string.format("RESULT %d %d %d %d\\n", s.requests, s.duration, l:percentile(99), s.errors.status + s.errors.read)) end\n')
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", path + ".lua", address], capture_output=True, text=True).stdout
    requests, micros, p99, bad = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", out).groups())
    return requests / micros * 1e6, p99, bad


def rows():
    seconds, rounds = (int(a) for a in (sys.argv[7:9] + ["4", "3"][len(sys.argv[7:9]):]))
    lines = open(data).read(60_000_000).split("\n")[:20_001]
    names = lines[0].split(",")
    records = [dict(zip(names, map(float, line.split(",")))) for line in lines[1:1001]]
    features = [n for n in names if n != target]
    records = [{n: round(r[n], 5) for n in features} for r in records]
    csv = [",".join(features)] + [",".join(str(r[n]) for n in features) for r in records]
    bare = subprocess.Popen(["dotnet", floor, "--urls", "http://127.0.0.1:7304"], stdout=subprocess.DEVNULL, env=dict(os.environ, DOTNET_gcServer="0"))
    try:
        for model, address in deployments(lines):
            found = {}
            for turn in range(rounds + 1):  # the first warms up and is thrown away
                for count, connections in ((1, 32), (1000, 4)):
                    plain = [{f"f{i:02d}": v for i, v in enumerate(r.values())} for r in records[:count]]
                    peers = [("peer", peer, "application/json", json.dumps({"inputs": plain}))] if (peer := os.environ.get("PEER")) else []
                    for name, where, kind, body in (
                            *peers,
                            ("hub", f"{url}/api/models/{model['id']}/predict", "application/json", json.dumps({"inputs": records[:count]})),
                            ("bare", "http://127.0.0.1:7304/predict_fast", "application/json", json.dumps({"inputs": plain})),
                            ("JSON", address, "application/json", json.dumps(records[:count])),
                            ("CSV", address, "text/csv", "\n".join(csv[:count + 1]) + "\n")):
                        result = wrk(f"{name}{count}", where, kind, body, connections, seconds if turn else 2)
                        if turn:
                            found.setdefault((count, name), []).append(result)
            for (count, name), results in found.items():
                rate = statistics.median(r[0] for r in results)
                print(f"{model['algo']:16} {model['size_bytes']:9} B  {count:5} rows {name:5} {rate:9.0f} req/s  p99 {statistics.median(r[1] for r in results):7.0f} us  "
                      f"{rate / statistics.median(r[0] for r in found[count, 'bare']):.2f} of the bare endpoint  {sum(r[2] for r in results)} bad", flush=True)
    finally:
        bare.kill()


def stream():
    pid, rounds = int(sys.argv[7]), int(sys.argv[8]) if len(sys.argv) > 8 else 3

    def resident():
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) / 1024
    lines = open(data).read(60_000_000).split("\n")[:20_001]
    for model, address in deployments(lines):
        ours, theirs, growth = [], [], []
        for _ in range(rounds):
            theirs.append(json.loads(subprocess.run(["dotnet", floor, "fastwrite", data, "2"], capture_output=True, text=True).stdout.split("\n")[-2])["seconds"])
            before, most, done = resident(), [0.0], threading.Event()

            def watch():
                while not done.wait(0.02):
                    most[0] = max(most[0], resident())
            watcher = threading.Thread(target=watch)
            watcher.start()
            began = time.time()
            subprocess.run(["curl", "-sS", "-T", data, "-X", "POST", "-H", "Expect:", "-H", "Authorization: " + head["Authorization"], "-H", "Content-Type: text/csv",
                            "-H", "Accept: text/csv", address, "-o", os.path.join(work, "out.csv")], check=True)
            ours.append(time.time() - began)
            done.set()
            watcher.join()
            growth.append(most[0] - before)
        print(f"{model['algo']:16} {model['size_bytes']:9} B  {statistics.median(ours):.2f} s, parse-only {statistics.median(theirs):.2f} s: "
              f"{statistics.median(theirs) / statistics.median(ours):.2f} of it; memory grew by at most {max(growth):.0f} MB", flush=True)


rows() if what == "ROWS" else stream()
