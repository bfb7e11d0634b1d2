#!/usr/bin/env python3
"""A search as jobs of a real hub over HTTP: killed, cancelled, and shared by two processes.
usage: search_jobs.py kills   HUB.dll DATA.csv TARGET [kills=10] [models=6]   kill -9 of the whole hub, again and again; the same bytes as undisturbed?
       search_jobs.py cancel  HUB.dll DATA.csv TARGET [rounds=5]              seconds from the cancel to the leaderboard of what was done
       search_jobs.py workers HUB.dll DATA.csv TARGET [models=8] [rounds=2]   one worker process against two, each on one thread; the same bytes?

Each starts hubs of its own in a new folder, on ports from PORT (5480) on, and stops them."""
import json, os, random, shutil, signal, subprocess, sys, tempfile, time, urllib.request

KEY = "test-key-0123456789"
PORT = int(os.environ.get("PORT", "5480"))
what, program, data, target = sys.argv[1:5]
numbers = [int(a) for a in sys.argv[5:]]
folder = tempfile.mkdtemp(prefix="modelhub-search-")
log = open(os.path.join(folder, "log"), "w")


def number(at, default):
    return numbers[at] if len(numbers) > at else default


def call(method, path, body=None, kind="application/json", port=PORT):
    body = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    head = {"Authorization": "Bearer " + KEY, "Content-Type": kind}
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, head, method=method), timeout=60) as answer:
        return json.load(answer)


class Hub:
    """One process of the hub; all share the folder and its database."""

    running = []

    def __init__(self, role="all", at=0, threads=None):
        self.port = PORT + at
        environment = {**os.environ, "MODELHUB_ADMIN_KEY": KEY, **({"DOTNET_PROCESSOR_COUNT": str(threads)} if threads else {})}
        self.process = subprocess.Popen(
            ["dotnet", program, "up", "--data", os.path.join(folder, "data"), "--port", str(self.port), "--role", role],
            env=environment, stdout=log, stderr=log)
        Hub.running.append(self)
        end = time.time() + 120
        while time.time() < end:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise SystemExit(f"The hub did not start; see {log.name}.")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()


def upload():
    project = call("POST", "/api/projects", {"name": "search"})["project"]["id"]
    edge, parts = "edge-of-a-part", b""
    for field, value in (("project_id", project), ("name", "table")):
        parts += f'--{edge}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
    parts += f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="table.csv"\r\n\r\n'.encode() + open(data, "rb").read()
    return call("POST", "/api/datasets", parts + f"\r\n--{edge}--\r\n".encode(), "multipart/form-data; boundary=" + edge)["dataset"]["version_id"]


def start(version, **config):
    wanted = {"dataset_version_id": version, "name": f"run {time.time()}", "target_column": target, "config": config}
    return call("POST", "/api/experiments", wanted)["experiment"]["id"]


def look(run):
    return call("GET", f"/api/experiments/{run}")["experiment"]


def end(run):
    while (now := look(run))["status"] in ("queued", "running"):
        time.sleep(0.05)
    return now


def digests(experiment):
    return sorted((m["name"], call("GET", f"/api/models/{m['id']}")["model"]["artifact_sha256"] or "failed") for m in experiment["leaderboard"])


def kills():
    wanted, models = number(0, 10), number(1, 6)
    hub = Hub()
    version = upload()
    began = time.time()
    whole = end(start(version, max_models=models))
    took = time.time() - began
    expected = digests(whole)
    run, done, seed = start(version, max_models=models), 0, random.Random(1)
    began = time.time()
    while done < wanted:
        # A few parts are done between two kills; some of them are cut off in the middle.
        time.sleep(0.3 + seed.random() * took / 5)
        if look(run)["status"] not in ("queued", "running"):
            break
        hub.kill()
        done += 1
        hub = Hub()
        # The next attempt starts when the dead one's lease has run out.
        time.sleep(5.5)
    resumed = end(run)
    same = digests(resumed) == expected
    print(f"undisturbed {took:.1f} s; {done} kills of the whole hub, {time.time() - began:.1f} s; {len(expected)} entries, {resumed['status']}; "
          f"{'the same SHA-256 for all' if same else 'DIFFERENT BYTES'}")
    hub.stop()
    return same and resumed["status"] == "succeeded" and done == wanted


def cancel():
    hub = Hub()
    version = upload()
    worst = 0
    for turn in range(number(0, 5)):
        run = start(version, max_runtime_secs=600)
        while (now := look(run))["status"] == "queued" or len((now["live"] or {}).get("trials", [])) < 2 + turn:
            time.sleep(0.05)
        time.sleep(random.Random(turn).random())
        began = time.time()
        call("POST", f"/api/experiments/{run}/cancel")
        kept = end(run)
        took = time.time() - began
        worst = max(worst, took)
        trained = [m for m in kept["leaderboard"] if m["rank"]]
        print(f"cancelled after {took:.2f} s with {len(trained)} models, {kept['status']}", flush=True)
    hub.stop()
    print(f"at most {worst:.2f} s")
    return worst <= 2


def workers():
    models, rounds = number(0, 8), number(1, 2)
    api = Hub("api")
    version = upload()
    first = Hub("worker", 1, threads=1)
    times, seen = {1: [], 2: []}, set()
    for _ in range(rounds):
        for count in (1, 2):
            second = Hub("worker", 2, threads=1) if count == 2 else None
            began = time.time()
            done = end(start(version, max_models=models))
            times[count].append(time.time() - began)
            seen.add(json.dumps(digests(done)))
            print(f"{count} worker{'s' * (count > 1)}: {times[count][-1]:.1f} s, {len(done['leaderboard'])} entries, {done['status']}", flush=True)
            if second:
                second.stop()
    first.stop()
    api.stop()
    ratio = min(times[2]) / min(times[1])
    print(f"two workers take {ratio:.2f} of the time of one; {'the same SHA-256 for all' if len(seen) == 1 else 'DIFFERENT BYTES'}")
    return ratio <= 0.6 and len(seen) == 1


try:
    kept = {"kills": kills, "cancel": cancel, "workers": workers}[what]()
finally:
    for hub in reversed(Hub.running):
        if hub.process.poll() is None:
            hub.stop()
    log.close()
shutil.rmtree(folder, ignore_errors=True)
sys.exit(0 if kept else 1)
