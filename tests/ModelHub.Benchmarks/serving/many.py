#!/usr/bin/env python3
"""Many deployments of models of their own in one process: what each takes in memory, and whether a request notices.

usage: many.py --url URL --key KEY --pid PID --data FILE.csv --target NAME --model xgboost.json [--count 500] [--seconds 5]
Every model is a version of the file with another base score, so that none is like another. The size of a forest is that of its trees' arrays
as XGBoost writes them: 8 numbers of 4 bytes a node."""
import argparse, json, os, time
import hub as h

NODE = 32
p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "key", "data", "target", "model"):
    p.add_argument("--" + name, required=True)
p.add_argument("--pid", type=int, required=True); p.add_argument("--count", type=int, default=500); p.add_argument("--seconds", type=int, default=5)
a = p.parse_args()
hub = h.Hub(a.url, a.key)
file = json.loads(h.named(a.model, h.head(a.data, 2), a.target))
nodes = sum(len(t["left_children"]) for t in file["learner"]["gradient_booster"]["model"]["trees"])
body = h.bodies(a.data, a.target)[0](1)[2]
workspace = hub.project()["number"]
deployments = []


def add():
    file["learner"]["learner_model_param"]["base_score"] = f"{0.3 + 0.0004 * len(deployments):.4f}"
    deployments.append(hub.address(hub.deployed(hub.uploaded(json.dumps(file).encode(), workspace=workspace))))
    hub.call("POST", deployments[-1][len(a.url):], body.encode(), "text/csv")


def p99():
    h.wrk(a.key, deployments[0], "text/csv", body, 32, 2)
    return [h.wrk(a.key, deployments[0], "text/csv", body, 32, a.seconds)[k] for k in (0, 2)]


def settled():
    """Memory once uploads and their garbage are gone: the least of some looks."""
    looks = []
    for _ in range(20):
        time.sleep(0.5)
        looks.append(h.resident(a.pid))
    return min(looks)


for _ in range(20):
    add()
few, before = p99(), settled()
while len(deployments) < a.count + 20:
    add()
after, many = settled(), p99()
each = (after - before) / a.count * 1024
print(f"{a.count} deployments more: {after - before:.0f} MB, {each:.0f} KB each; their forests of {nodes} nodes have {nodes * NODE / 1024:.0f} KB: "
      f"{(each - 64) / (nodes * NODE / 1024):.2f} times that and 64 KB. p99 {few[1]:.0f} us with 20, {many[1]:.0f} us with {len(deployments)}"
      f" ({few[0]:.0f} and {many[0]:.0f} req/s); load {os.getloadavg()[0]:.1f}")
