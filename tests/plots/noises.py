"""A robustness table, made up."""

import pandas as pd


def noise_table():
    rows = [
        {"model": model, "corruption": noise, "severity": severity, "accuracy": 0.9 - severity / 10}
        | {"minority_recall": 0.8 - severity / 10}
        for model in ("dense", "nc")
        for noise, severities in (("clean", [0]), ("gaussian", [1, 3]), ("shot", [1, 3]))
        for severity in severities
    ]
    return pd.DataFrame(rows)


def texts(ax):
    return [text.get_text() for text in ax.texts]
