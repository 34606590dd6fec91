"""The section on costs: of scoring, and of the pruned network."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from leastloss.report.formats import percent
from leastloss.report.numbers import ARM, VALUES, means
from leastloss.report.sections import Section
from leastloss.report.tables import means_grid

SCORING = ("score_seconds", "score_microseconds_per_part")
SIZES = (
    *("parameters", "multiply_adds", "bits"),
    *("mask_sign_bits", "compressed_bytes", "dead_units"),
)
MEASURED = ("latency_ms", "dense_latency_ms", "throughput", "dense_throughput")


def cost_section(
    steps: pd.DataFrame,
    methods: Sequence[str],
    measured: Mapping[str, Sequence[Mapping[str, float]]],
) -> Section:
    """The section of costs."""
    ends = steps.loc[steps.groupby([*ARM, "seed"], sort=False)["sparsity"].idxmax()]
    frames = [
        scoring_values(steps),
        *[_column(ends, name) for name in SIZES if name in steps.columns],
    ]
    rows = [
        ("", "", name, name, "", seed, quantity, 0.0, float(run[quantity]), False)
        for name, runs in measured.items()
        for seed, run in enumerate(runs)
        for quantity in MEASURED
        if quantity in run
    ]
    averages = means(pd.concat([*frames, pd.DataFrame(rows, columns=VALUES)], ignore_index=True))
    grids = [
        means_grid(averages[averages["quantity"].isin(names)], names, methods, caption)
        for names, caption in (
            (SCORING, "Scoring, over the whole path"),
            (SIZES, f"At the last step ({_ends(ends)} removed)"),
            (MEASURED, "Compacted network, measured at the last step"),
        )
    ]
    lead = [
        "Seconds were measured while the runs were made, on the machine named below; other work of "
        "that machine is in them."
    ]
    grids = [grid for grid in grids if grid.rows]
    if not grids:
        lead = ["These runs measured no costs."]
    return Section(anchor="cost", title="Cost", blocks=[*lead, *grids])


def scoring_values(steps: pd.DataFrame) -> pd.DataFrame:
    """Seconds of scoring along a whole path, in total and per part that went on it."""
    if not {"score_seconds", "removed"} <= set(steps.columns):
        return pd.DataFrame(columns=VALUES)
    runs = steps.groupby([*ARM, "seed"], sort=False).agg(
        value=("score_seconds", "sum"), removed=("removed", lambda gone: gone.max() - gone.min())
    )
    whole = runs.reset_index().assign(quantity="score_seconds", at=0.0, only_dense=False)
    each = whole.assign(
        quantity="score_microseconds_per_part", value=1e6 * whole["value"] / whole["removed"]
    )
    both: pd.DataFrame = pd.concat([whole, each[each["removed"] > 0]])
    return both.reindex(columns=VALUES)


def _column(ends: pd.DataFrame, quantity: str) -> pd.DataFrame:
    values = ends.rename(columns={quantity: "value"}).reindex(columns=VALUES)
    values = values[np.isfinite(values["value"])]
    column: pd.DataFrame = values.assign(quantity=quantity, at=0.0, only_dense=False)
    return column


def _ends(ends: pd.DataFrame) -> str:
    low, high = float(ends["sparsity"].min()), float(ends["sparsity"].max())
    return percent(high) if high - low < 1e-3 else f"{percent(low)} to {percent(high)}"
