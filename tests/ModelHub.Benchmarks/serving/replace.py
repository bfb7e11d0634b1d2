#!/usr/bin/env python3
"""Replaces the model of a deployment again and again under load: requests that failed, and answers by the old model to requests begun after the
replacement was acknowledged.

usage: replace.py --url URL --key KEY --data FILE.csv --target NAME --model xgboost.json [--times 100] [--clients 16]"""
import argparse, http.client, json, os, threading, time
import hub as h

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "key", "data", "target", "model"):
    p.add_argument("--" + name, required=True)
p.add_argument("--times", type=int, default=100); p.add_argument("--clients", type=int, default=16)
a = p.parse_args()
hub = h.Hub(a.url, a.key)
file = json.loads(h.named(a.model, h.head(a.data, 2), a.target))
workspace, models = hub.project()["number"], []
for score in ("0.4", "0.6"):
    file["learner"]["learner_model_param"]["base_score"] = score
    models.append(hub.uploaded(json.dumps(file).encode(), workspace=workspace))
deployment = hub.deployed(models[0])
path, body = hub.address(deployment)[len(a.url):], h.bodies(a.data, a.target)[0](1)[2]
acknowledged, done, counts, lock = [(0, models[0])], threading.Event(), [0, 0, 0], threading.Lock()


def short(model):
    """The 24 digits by which the prediction API names a model."""
    digits = model.replace("-", "")
    return digits[:12] + digits[13:16] + digits[17:20] + digits[26:32]


def client():
    connection = http.client.HTTPConnection(a.url.removeprefix("http://"))
    mine = [0, 0, 0]
    while not done.is_set():
        serial, model = acknowledged[-1]
        connection.request("POST", path, body, {"Authorization": "Bearer " + a.key, "Content-Type": "text/csv"})
        answer = connection.getresponse()
        answer.read()
        mine[0] += 1
        mine[1] += answer.status != 200
        # Old only if nothing was changed again while the request was under way.
        if answer.getheader("X-DataRobot-Model-Id") != short(model) and changing[0] == serial:
            mine[2] += 1
    with lock:
        for k in range(3):
            counts[k] += mine[k]


changing = [0]
clients = [threading.Thread(target=client) for _ in range(a.clients)]
for c in clients:
    c.start()
began = time.time()
for turn in range(1, a.times + 1):
    model = models[turn % 2]
    changing[0] = turn
    hub.call("PATCH", f"/api/deployments/{deployment}", {"model_id": model})
    acknowledged.append((turn, model))
    time.sleep(0.02)
done.set()
for c in clients:
    c.join()
print(f"{a.times} replacements in {time.time() - began:.1f} s, {counts[0]} requests meanwhile: {counts[1]} failed, {counts[2]} answered by the old model after the "
      f"acknowledgement; load {os.getloadavg()[0]:.1f}")
