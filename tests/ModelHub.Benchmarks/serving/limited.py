#!/usr/bin/env python3
"""A whole hub, its database included, in a control group of little memory, with everything at once: single rows, long files, uploads, training.
Counts the answers, and says whether the kernel had to end anything and whether the hub answers afterwards. Needs root and cgroups of version 1.

usage: limited.py --dll modelhub.dll --data FILE.csv --target NAME [--model xgboost.json] [--megabytes 512] [--seconds 40] [--port 5480]"""
import argparse, collections, os, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request
import hub as h

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("dll", "data", "target"):
    p.add_argument("--" + name, required=True)
p.add_argument("--model"); p.add_argument("--megabytes", type=int, default=512); p.add_argument("--seconds", type=int, default=40); p.add_argument("--port", type=int, default=5480)
a = p.parse_args()
group = f"/sys/fs/cgroup/memory/modelhub-{os.getpid()}"
os.mkdir(group)
open(group + "/memory.limit_in_bytes", "w").write(str(a.megabytes << 20))
folder, key, url = tempfile.mkdtemp(), "test-key-0123456789", f"http://127.0.0.1:{a.port}"
start = f"echo $$ > {group}/cgroup.procs; exec dotnet {a.dll} up --data {folder}/data --port {a.port}"
process = subprocess.Popen(["sh", "-c", start], env=dict(os.environ, MODELHUB_ADMIN_KEY=key), stdout=open(folder + "/log", "w"), stderr=subprocess.STDOUT)
hub, answers, done = h.Hub(url, key), collections.Counter(), threading.Event()


def ready():
    try:
        return urllib.request.urlopen(url + "/health/ready", timeout=5).status == 200
    except OSError:
        return False


def again(what, act):
    while not done.is_set():
        try:
            act()
            answers[what, "ok"] += 1
        except urllib.error.HTTPError as refused:
            answers[what, refused.code] += 1
        except (OSError, KeyError, subprocess.CalledProcessError) as broken:
            answers[what, type(broken).__name__] += 1
            time.sleep(0.2)


try:
    while not ready():
        time.sleep(0.3)
    lines = h.head(a.data, 20_001)
    name, model = hub.models(a.data, a.target, a.model)[0]
    deployment = hub.deployed(model)
    path, rows, table = f"/deployments/{deployment}/predictions", "\n".join(lines[:3]).encode(), "\n".join(lines).encode()
    project = hub.project()["id"]
    long = ["curl", "-sS", "--fail", "-T", a.data, "-X", "POST", "-H", "Expect:", "-H", "Authorization: Bearer " + key, "-H", "Content-Type: text/csv", "-H", "Accept: text/csv",
            url + path, "-o", "/dev/null"]
    acts = [("row", lambda: hub.call("POST", path, rows, "text/csv"))] * 4 + [
        ("long file", lambda: subprocess.run(long, check=True, stderr=subprocess.DEVNULL)),
        ("upload", lambda: hub.form("/api/datasets", {"project_id": project, "name": f"d{time.time_ns()}"}, "rows.csv", table)),
        ("training", lambda: hub.trained(lines, a.target))]
    threads = [threading.Thread(target=again, args=act, daemon=True) for act in acts]
    for t in threads:
        t.start()
    time.sleep(a.seconds)
    done.set()
    for t in threads:
        t.join(60)
    read = lambda file: open(f"{group}/{file}").read()
    print({f"{what}: {how}": n for (what, how), n in sorted(answers.items(), key=str)})
    print(f"at most {int(read('memory.max_usage_in_bytes')) >> 20} MB of {a.megabytes} (with files' pages), {read('memory.failcnt').strip()} times at the limit; "
          f"{read('memory.oom_control').split('oom_kill ')[-1].strip()} processes ended by the kernel; the hub {'answers' if ready() else 'does NOT answer'} afterwards")
    hub.call("POST", path, rows, "text/csv")
finally:
    process.terminate()
    process.wait()
    time.sleep(1)
    os.rmdir(group)
