"""Steps of made-up runs, and the curves of an axes."""

import pandas as pd
from matplotlib.colors import to_hex

SPARSITIES = (0.0, 0.3, 0.6, 0.9)


def runs(methods=("nc", "random"), seeds=(0, 1, 2)):
    rows = []
    for m, method in enumerate(methods):
        for seed in seeds:
            for step, sparsity in enumerate(SPARSITIES):
                level = 0.9 + 0.02 * seed - sparsity * (0.2 + 0.1 * m)
                row = {"criterion": method, "seed": seed, "step": step, "sparsity": sparsity}
                row |= {"accuracy": level, "minority_recall": level - 0.2}
                row |= {"worst_class_recall": level - 0.3, "loss": 3 - level}
                rows.append(row | {f"recall_class_{k}": level - k / 10 for k in range(4)})
    return pd.DataFrame(rows)


def lines(ax):
    """The lines of an axes by their colour, without reference levels."""
    found = [line for line in ax.lines if len(line.get_xdata()) == len(SPARSITIES)]
    return {to_hex(line.get_color()).lower(): line for line in found}
