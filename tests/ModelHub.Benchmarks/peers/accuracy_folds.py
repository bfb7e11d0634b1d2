#!/usr/bin/env python3
"""Five-fold figures of XGBoost and HistGB with their default options over the sets of a folder (manifest.json, NAME.csv, NAME.split.json with "fold").

usage: accuracy_folds.py --folder DIR [--sets a,b] > peers.jsonl     one line of JSON per set: name, metric, and the folds of each
XGBoost sees categories one-hot (its default way), HistGB as categories; levels are those of the training rows."""
import argparse, json, os, warnings
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import numpy as np, pandas as pd, xgboost as xgb
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score

warnings.filterwarnings("ignore")
METRIC = {"binary": "auc", "multiclass": "logloss", "regression": "rmse"}


def levels(frame, names):
    return {n: sorted(frame[n].dropna().unique().tolist()) for n in names}


def ordinal(frame, known):
    out = frame.copy()
    for n, l in known.items():
        out[n] = out[n].map({v: i for i, v in enumerate(l)}).astype(float)
    return out.astype(np.float32)


def onehot(frame, known, most=60):
    out = {}
    for n in frame.columns:
        if n not in known:
            out[n] = frame[n].values.astype(np.float32)
        elif len(known[n]) <= most:
            for l in known[n]:
                out["%s=%s" % (n, l)] = (frame[n].values == l).astype(np.float32)
        else:
            out[n] = frame[n].map({v: i for i, v in enumerate(known[n])}).astype(np.float32).values
    made = pd.DataFrame(out)
    made.columns = ["x%d" % i for i in range(made.shape[1])]
    return made


def measure(task, y, p):
    if task == "binary":
        return roc_auc_score(y, p[:, 1])
    if task == "multiclass":
        return log_loss(y, np.clip(p, 1e-7, 1), labels=np.arange(p.shape[1]))
    return float(np.sqrt(mean_squared_error(y, p)))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--folder", required=True); a.add_argument("--sets", default="")
    a = a.parse_args()
    for m in json.load(open(os.path.join(a.folder, "manifest.json"))):
        name, task = m["name"], m["task"]
        if a.sets and name not in a.sets.split(",") or name.startswith("synth"):
            continue
        frame = pd.read_csv(os.path.join(a.folder, name + ".csv"), low_memory=False)
        fold = np.array(json.load(open(os.path.join(a.folder, name + ".split.json")))["fold"])
        y = frame.pop(m["target"])
        y = y.values.astype(float) if task == "regression" else pd.Categorical(y).codes.astype(int)
        out = {"name": name, "metric": METRIC[task], "xgboost": [], "histgb": []}
        for k in range(5):
            train, test = fold != k, fold == k
            known = levels(frame[train], m["categorical"])
            model = (xgb.XGBRegressor if task == "regression" else xgb.XGBClassifier)(n_jobs=2, tree_method="hist", random_state=7)
            model.fit(onehot(frame[train], known), y[train])
            predict = model.predict if task == "regression" else model.predict_proba
            out["xgboost"].append(measure(task, y[test], predict(onehot(frame[test], known))))
            kinds = [c in known and len(known[c]) <= 254 for c in frame.columns]
            model = (HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier)(
                categorical_features=kinds if any(kinds) else None, random_state=7)
            model.fit(ordinal(frame[train], known), y[train])
            predict = model.predict if task == "regression" else model.predict_proba
            out["histgb"].append(measure(task, y[test], predict(ordinal(frame[test], known))))
        print(json.dumps(out), flush=True)


main()
