"""A logistic regression by weights from weights.json: change the weights, or load a model of your own in load_model."""
import json
import math
import os


def load_model(code_dir):
    with open(os.path.join(code_dir, "weights.json"), encoding="utf-8") as file:
        return json.load(file)


def score(data, model, positive_class_label="1", negative_class_label="0", **kwargs):
    names = [name for name in model["weights"] if name in data]
    rows = len(data[next(iter(data))])
    columns = {name: list(data[name]) for name in names}
    answers = []
    for i in range(rows):
        margin = model["intercept"] + sum(model["weights"][n] * number(columns[n][i]) for n in names)
        yes = 1 / (1 + math.exp(-max(-500.0, min(500.0, margin))))
        answers.append({positive_class_label: yes, negative_class_label: 1 - yes})
    return answers


def number(value):
    """Missing values count as zero."""
    try:
        value = float(value)
    except (TypeError, ValueError):
        return 0.0
    return value if value == value else 0.0
