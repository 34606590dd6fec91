"""A page with something in each of its sections, from a made-up table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from leastloss.experiment.compare_run.figures import page_figures
from leastloss.report import Cell, Comparison, Grid, compare_page

SETTINGS = ("nc", "random@nc", "magnitude@nc", "shuffled@nc", "small-dense", "magnitude", "random")


ASKED = ("mils-bdm", "mils-entropy", "nc", "magnitude", "random")
DEFAULT = (
    *ASKED,
    *(f"{kind}@{name}" for name in ASKED[:3] for kind in ("random", "magnitude", "shuffled")),
    "small-dense",
)
"""The methods of the default run: five that were asked for, and ten controls."""


def steps(seeds: int = 6, methods: Sequence[str] = SETTINGS) -> pd.DataFrame:
    """Runs whose curves fall, the later methods faster; seeds differ by a hundredth."""
    rows = []
    noise = np.random.default_rng(0)
    for rank, method in enumerate(methods):
        for seed in range(seeds):
            for step, p in enumerate((0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)):
                level = 0.9 - (0.1 + 0.35 * rank / len(methods)) * p**2 + 0.01 * noise.random()
                row = {"criterion": method, "seed": seed, "step": step, "sparsity": p}
                row |= {"accuracy": level, "minority_recall": level - 0.1 * p}
                row |= {"worst_class_recall": level - 0.2 * p, "removed": 1000 * p}
                row |= {f"recall_class_{k}": level - 0.05 * k * p for k in range(4)}
                row |= {"changed_predictions": 0.3 * p, "excess_gap": 0.1 * p, "cev": p, "sde": p}
                row |= {"score_seconds": 0.2, "parameters": 1000 * (1 - p), "bits": 900.0}
                row |= {"nc1": 1 + p, "minority_angle": p, "bdm_bits": 5000 * (1 - 0.9 * p)}
                rows.append(row)
    return pd.DataFrame(rows)


def robustness() -> pd.DataFrame:
    """Two networks under two corruptions; one of them breaks."""
    rows = []
    for model in ("dense", "nc"):
        for corruption in ("clean", "shot", "rotation"):
            for severity in (0,) if corruption == "clean" else (1, 5):
                broken = (model, corruption, severity) == ("nc", "rotation", 5)
                score = np.nan if broken else 0.9 - 0.05 * severity
                row = {"network": "0", "model": model, "corruption": corruption}
                row |= {"severity": severity, "balanced_accuracy": score, "flip_rate": score / 3}
                rows.append(row | {"failed": "the logits are not finite" if broken else ""})
    return pd.DataFrame(rows)


def whole_page(seeds: int = 6, methods: Sequence[str] = SETTINGS, **change: object) -> str:
    table = steps(seeds, methods)
    metrics = ("accuracy", "minority_recall", "worst_class_recall")
    if "figures" not in change:
        change["figures"] = page_figures(table, metrics, title="made up", fixed=["magnitude"])
    given: dict[str, object] = {
        "table": table,
        "title": "A made-up comparison",
        "command": "mlflow run . -e compare -P experiment=made-up",
        "settings": {name: (name, "recovery=none") for name in methods},
        "commands": {"nc": "mlflow run . -e prune -P criteria=nc -P sparsities=0.3,0.5,0.7,0.8"},
        "facts": {"dataset": "digits", "commit": "0123456789abcdef" * 4},
        "tables": [
            Grid(caption="Ids", head=["seed 0"], rows={"nc": [Cell(value="f" * 32)]}, folded=True)
        ],
        "measured": {"nc": [{"latency_ms": 1.0, "dense_latency_ms": 2.0}] * seeds},
        "robustness": robustness(),
    }
    return compare_page(Comparison(**(given | change)))  # type: ignore[arg-type]
