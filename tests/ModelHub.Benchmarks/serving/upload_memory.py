#!/usr/bin/env python3
"""Memory of the hub and its children while files of 500 MB come in: a model file into the registry, and a CSV into a dataset.

usage: upload_memory.py --url URL --key KEY [--megabytes 500]
Resident memory is what the kernel counts (RssAnon and RssShmem of the hub and of every child, sampled every 20 ms); the page cache of the written file is not in it.
Growth is against the moment before, after a small upload of the same kind. Prints one line each; the bar is 64 MB."""
import argparse, json, os, subprocess, threading, time, urllib.parse
import hub as h

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--url", required=True); p.add_argument("--key", required=True); p.add_argument("--megabytes", type=int, default=500)
a = p.parse_args()
hub = h.Hub(a.url, a.key)


def processes():
    """The hub, by its port, and all that came of it, without its own PostgreSQL."""
    parents, hubs, port = {}, [], str(urllib.parse.urlparse(a.url).port)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{pid}/cmdline").read().split("\0")
            parents[pid] = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if port in words and any(w.endswith("modelhub.dll") for w in words):
            hubs.append(pid)
        elif "postgres" in words[0]:
            parents.pop(pid)
    found = set(hubs)
    while more := {c for c, p in parents.items() if p in found} - found:
        found |= more
    return found


def resident():
    total = 0
    for pid in processes():
        try:
            total += sum(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith(("RssAnon", "RssShmem")))
        except OSError:
            pass
    return total / 1024


def watched(act):
    most, done = [resident()], threading.Event()

    def look():
        while not done.wait(0.02):
            most.append(resident())
    thread = threading.Thread(target=look)
    thread.start()
    start = time.perf_counter()
    answer = act()
    seconds = time.perf_counter() - start
    done.set()
    thread.join()
    return answer, most[0], max(most), seconds


def sent(*form, path):
    return subprocess.run(["curl", "-sS", "-H", f"Authorization: Bearer {a.key}", *(w for f in form for w in ("-F", f)), "-o", "/dev/null", "-w", "%{http_code}", a.url + path],
                          capture_output=True, text=True, check=True).stdout


def model(size):
    file, about = os.path.join(h.WORK, "m.bin"), os.path.join(h.WORK, "about.json")
    with open(file, "wb") as f:
        f.write(b"\x80\x04")  # a pickle: kept, recognised, and never opened
        for _ in range(size):
            f.write(os.urandom(1 << 20))
    json.dump({"name": f"m{time.time_ns()}", "visibility": "private", "workspace_id": hub.project()["number"],
               "conversion": {"framework": "custom", "python_version": "3.11", "requirements": []}}, open(about, "w"))
    return lambda: sent(f"metadata=<{about};type=application/json", f"file=@{file}", path="/v1/api/models/upload_and_convert")


def rows(size):
    file = os.path.join(h.WORK, "rows.csv")
    line = ",".join(f"{i * 0.37 + 0.125:.5f}" for i in range(28))
    block = "".join(f"{r % 97}.{r % 1000:03d},{line}\n" for r in range(4000))
    with open(file, "w") as f:
        f.write(",".join(f"c{i}" for i in range(29)) + "\n")
        for _ in range(max(1, (size << 20) // len(block))):
            f.write(block)
    project = hub.project()["id"]
    return lambda: sent(f"project_id={project}", "name=rows", f"file=@{file}", path="/api/datasets")


for name, of in (("a model file into the registry", model), ("a CSV into a dataset", rows)):
    watched(of(5))
    time.sleep(2)
    status, before, most, seconds = watched(of(a.megabytes))
    print(f"{name}, {a.megabytes} MB: status {status} after {seconds:.1f} s; {before:.0f} MB before, {most:.0f} MB at most: {most - before:+.0f} MB; load {os.getloadavg()[0]:.1f}", flush=True)
