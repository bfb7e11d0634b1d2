"""A regression by weights from weights.json: change the weights, or load a model of your own in load_model."""
import json
import os


def load_model(code_dir):
    with open(os.path.join(code_dir, "weights.json"), encoding="utf-8") as file:
        return json.load(file)


def score(data, model, **kwargs):
    names = [name for name in model["weights"] if name in data]
    rows = len(data[next(iter(data))])
    columns = {name: list(data[name]) for name in names}
    return [model["intercept"] + sum(model["weights"][n] * number(columns[n][i]) for n in names) for i in range(rows)]


def number(value):
    """Missing values count as zero."""
    try:
        value = float(value)
    except (TypeError, ValueError):
        return 0.0
    return value if value == value else 0.0
