"""What the scripts here share: requests to a hub, uploads, deployments, wrk, and a look at a process's memory."""
import json, os, re, statistics, subprocess, tempfile, threading, time, urllib.request

WORK = tempfile.mkdtemp()
EDGE = "edge-of-a-part"


class Hub:
    def __init__(self, url, key):
        self.url, self.key = url, key

    def call(self, method, path, body=None, kind="application/json"):
        body = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, body, {"Authorization": "Bearer " + self.key, "Content-Type": kind}, method=method)
        return json.load(urllib.request.urlopen(request))

    def form(self, path, fields, name, content):
        parts = b""
        for field, value in fields.items():
            kind, value = ("text/plain", value) if isinstance(value, str) else ("application/json", json.dumps(value))
            parts += f'--{EDGE}\r\nContent-Disposition: form-data; name="{field}"\r\nContent-Type: {kind}\r\n\r\n{value}\r\n'.encode()
        parts += f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + content + f"\r\n--{EDGE}--\r\n".encode()
        return self.call("POST", path, parts, "multipart/form-data; boundary=" + EDGE)

    def project(self):
        return self.call("POST", "/api/projects", {"name": f"bench {time.time()}"})["project"]

    def trained(self, lines, target, most=2):
        """A leaderboard trained on some lines of a CSV."""
        dataset = self.form("/api/datasets", {"project_id": self.project()["id"], "name": "rows"}, "rows.csv", "\n".join(lines).encode())["dataset"]
        run = self.call("POST", "/api/experiments", {"dataset_version_id": dataset["version_id"], "name": "bench", "target_column": target,
                                                     "config": {"max_models": most, "nfolds": 2, "mode": "high_speed"}})["experiment"]["id"]
        while (now := self.call("GET", f"/api/experiments/{run}")["experiment"])["status"] in ("queued", "running"):
            time.sleep(0.5)
        return now["leaderboard"]

    def uploaded(self, content, name="model.json", workspace=None):
        """A model file, checked and ready: the version's id, by which it is deployed."""
        about = {"name": f"m{time.time_ns()}", "visibility": "private", "workspace_id": workspace or self.project()["number"],
                 "conversion": {"framework": "xgboost", "python_version": "3.11", "requirements": []}}
        answer = self.form("/v1/api/models/upload_and_convert", {"metadata": about}, name, content)
        number = answer["insert_models"]["returning"][0]["models"][0]["id"]
        while (now := self.call("POST", "/v1/api/models/get_version_by_id", {"model_version_id": number})["model_version"]["model_version"])["status"] not in ("ready", "error"):
            time.sleep(0.1)
        return now["file_info"]["version"]

    def deployed(self, model):
        return self.call("POST", "/api/deployments", {"name": "bench", "model_id": model, "stage": "production"})["deployment"]["id"]

    def address(self, deployment):
        return f"{self.url}/predApi/v1.0/deployments/{deployment}/predictions"

    def models(self, data, target, foreign=None):
        """Names and ids: of an XGBoost JSON file whose features are named as the data's columns, or of a leaderboard trained on 20,000 of its rows."""
        lines = head(data, 20_001)
        if foreign is None:
            return [(f"{m['algo']}, {m['size_bytes']} B", m["id"]) for m in self.trained(lines, target)]
        return [(os.path.basename(foreign), self.uploaded(named(foreign, lines, target)))]


def head(data, count):
    with open(data) as file:
        return [next(file).rstrip("\n") for _ in range(count)]


def named(path, lines, target):
    model = json.load(open(path))
    model["learner"]["feature_names"] = [n for n in lines[0].split(",") if n != target]
    return json.dumps(model).encode()


def bodies(data, target):
    """Given a number of rows, they as records, as records with plain names in the form that peers take, and as a CSV; and the features' names."""
    lines = head(data, 1001)
    names = lines[0].split(",")
    features = [n for n in names if n != target]
    rows = [{n: round(v, 5) for n, v in zip(names, map(float, line.split(","))) if n != target} for line in lines[1:]]

    def of(count):
        plain = [{f"f{i:02d}": v for i, v in enumerate(r.values())} for r in rows[:count]]
        csv = [",".join(features)] + [",".join(str(v) for v in r.values()) for r in rows[:count]]
        return json.dumps(rows[:count]), json.dumps({"inputs": plain}), "\n".join(csv) + "\n"
    return of, features


def resident(pid):
    """MB."""
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) / 1024


class Growth:
    """The most that a process grew by while the block ran, in MB."""

    def __init__(self, pid):
        self.pid, self.most, self.done = pid, 0.0, threading.Event()

    def __enter__(self):
        before = resident(self.pid)

        def watch():
            while not self.done.wait(0.02):
                self.most = max(self.most, resident(self.pid) - before)
        self.watcher = threading.Thread(target=watch)
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.watcher.join()


def wrk(key, address, kind, body, connections, seconds, pause=None):
    """Requests a second, p50 and p99 in microseconds, and answers that were none. With a pause, each connection waits that many milliseconds on average
    (evenly from none to twice as many) between an answer and its next request; latency is timed from the sending."""
    path = tempfile.mktemp(dir=WORK)
    open(path + ".body", "w").write(body)
    open(path + ".lua", "w").write(
        f'local f = io.open("{path}.body", "rb")\nwrk.body = f:read("*a")\nf:close()\nwrk.method = "POST"\nwrk.headers["Content-Type"] = "{kind}"\n'
        f'wrk.headers["Authorization"] = "Bearer {key}"\n'
        + (f'delay = function() return math.floor(math.random() * {2 * pause} + 0.5) end\n' if pause else "") +
        'done = function(s, l, r) io.write(string.format("RESULT %d %d %d %d %d\\n", s.requests, s.duration, l:percentile(50), l:percentile(99),'
        ' s.errors.status + s.errors.read + s.errors.connect + s.errors.timeout)) end\n')
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", path + ".lua", address], capture_output=True, text=True).stdout
    requests, micros, p50, p99, bad = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", out).groups())
    return requests / micros * 1e6, p50, p99, bad


def median(values):
    return statistics.median(values)
