"""Writes the golden XGBoost models beside this file: /usr/bin/python3 make_xgboost.py (Debian's python3-xgboost 1.7.4)."""
import json
import os

import numpy as np
import xgboost as xgb

os.chdir(os.path.dirname(os.path.abspath(__file__)))
rng = np.random.default_rng(7)
n, k = 600, 6
x = rng.normal(size=(n, k)).astype(np.float32)
x[:, 4] = np.round(x[:, 4])                                   # ties with thresholds
x[rng.random((n, k)) < .1] = np.nan
cats = rng.integers(0, 40, n).astype(np.float32)
score = np.nan_to_num(x[:, 0]) * 2 - np.nan_to_num(x[:, 1]) ** 2 + (cats % 3)
noise = rng.normal(size=n) * .3
binary, classes = (score + noise > .4).astype(int), np.digitize(score + noise, [-.5, 1])
value, count = score + noise + 3, np.abs(np.round(score))
unit = 1 / (1 + np.exp(-score))
test = x[:60].copy()
test_cats = np.concatenate([cats[:50], [41, 63, 64, 500, -1, np.nan, 3, 4, 5, 6]]).astype(np.float32)
cases = {
    "binary": ("binary:logistic", binary, {"scale_pos_weight": 2}, False),
    "raw": ("binary:logitraw", binary, {}, False),
    "classes": ("multi:softprob", classes, {"num_class": 3}, False),
    "squared": ("reg:squarederror", value, {"base_score": 2.5}, False),
    "poisson": ("count:poisson", count, {}, False),
    "gamma": ("reg:gamma", np.abs(value) + .1, {}, False),
    "tweedie": ("reg:tweedie", count, {"tweedie_variance_power": 1.4}, False),
    "unit": ("reg:logistic", unit, {"base_score": .3}, False),
    "dart": ("binary:logistic", binary, {"booster": "dart", "rate_drop": .3, "seed": 1}, False),
    "forest": ("reg:squarederror", value, {"num_parallel_tree": 4, "subsample": .5}, False),
    "linear": ("binary:logistic", binary, {"booster": "gblinear", "nthread": 1}, False),
    "sets": ("binary:logistic", binary, {"tree_method": "approx", "max_cat_to_onehot": 1}, True),
    "onehot": ("reg:squarederror", value, {"tree_method": "approx", "max_cat_to_onehot": 100}, True),
}
golden = {}
for name, (objective, labels, more, with_cats) in cases.items():
    columns, rows = (x, test) if not with_cats else (np.column_stack([x, cats]), np.column_stack([test, test_cats]))
    names = [f"c{i}" for i in range(columns.shape[1])]
    options = {"feature_names": names, "enable_categorical": with_cats}
    if with_cats:
        options["feature_types"] = ["q"] * k + ["c"]
    params = {"objective": objective, "max_depth": 4, "eta": .3, "nthread": 1, **more}
    model = xgb.train(params, xgb.DMatrix(columns, labels, **options), 8)
    model.save_model(f"{name}.json")
    if name in ("binary", "classes", "dart", "sets"):
        model.save_model(f"{name}.ubj")
    data = xgb.DMatrix(rows, **options)
    golden[name] = {
        "rows": [[None if np.isnan(v) else float(v) for v in r] for r in rows],
        "predictions": model.predict(data).reshape(len(rows), -1).astype(float).tolist(),
        "contributions": None if more.get("booster") == "gblinear" else
                         model.predict(data, pred_contribs=True).reshape(len(rows), -1).astype(float).tolist()[:10],
    }
json.dump(golden, open("golden.json", "w"))
