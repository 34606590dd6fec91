"""Single numbers of a run: how far it may be pruned for free, and the area under its curves."""

from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import TypeAlias

import numpy as np
import pandas as pd

from leastloss.errors import choose
from leastloss.evaluation import (
    SAME,
    SLACK,
    Floats,
    area_under_curve,
    free_sparsity,
    off_by,
    reach_of,
)
from leastloss.report.numbers import ARM, VALUES, rows_of_runs

Measure: TypeAlias = Callable[[Floats, Floats], float]

CANDIDATES = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998)
"""Candidates for the sparsities of tables when none are given."""


def as_arms(table: pd.DataFrame, by: str, settings: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """Add the columns of ``ARM`` to the steps, with all methods in one group.

    Args:
        table: One row per run and step: ``by``, seed, sparsity, the metrics.
        by: Column that tells the methods apart.
        settings: Method -> its criterion and settings; by default the method itself and none.
    """
    names = table[by].astype(str)
    criterion_and_settings = {name: settings.get(name, (name, "")) for name in names.unique()}
    return table.copy().assign(  # a copy is in one piece, however many columns were added
        recovery="",
        granularity="",
        method=names,
        criterion=names.map(
            {name: criterion for name, (criterion, _) in criterion_and_settings.items()}
        ),
        settings=names.map(
            {name: arm_settings for name, (_, arm_settings) in criterion_and_settings.items()}
        ),
    )


def points_for(table: pd.DataFrame, by: str = "criterion", most: int = 5) -> tuple[float, ...]:
    """Choose the sparsities of the tables.

    Round ones that at least half of the methods measured come first, the sparsest first; then other
    steps that half of the methods have, up to ``most``. If half of the methods share none, those of
    any method count, by the same rule.

    Args:
        table: One row per run and step: ``by``, sparsity.
        by: Column that tells the methods apart.
        most: The largest number of sparsities.

    Example:
        >>> points_for(pd.DataFrame({"criterion": "nc", "sparsity": [0.0, 0.2, 0.5, 0.89, 0.985]}))
        (0.2, 0.5, 0.89, 0.985)
        >>> points_for(
        ...     pd.DataFrame({"criterion": ["nc", "lamp"] * 2, "sparsity": [0, 0, 0.1, 0.7]})
        ... )
        (0.1, 0.7)
    """
    pruned = table[table["sparsity"] > 0]
    paths = [part["sparsity"].unique() for _, part in pruned.groupby(by)]
    steps = sorted(pruned["sparsity"].round(SAME).unique(), reverse=True)

    def shared(point: float, methods: float, near: float) -> bool:
        return sum(bool((abs(path - point) <= near).any()) for path in paths) >= methods

    for methods in (max(len(paths) / 2, 1), 1):
        chosen = [p for p in reversed(CANDIDATES) if shared(p, methods, off_by(p))][:most]
        for step in steps:
            # Skip a step near a chosen point: its column would show the same networks again.
            taken = any(
                abs(step - point) <= max(reach_of(point), reach_of(step)) for point in chosen
            )
            if len(chosen) < most and not taken and shared(step, methods, reach_of(step)):
                chosen.append(float(step))
        if chosen:
            return tuple(sorted(chosen))
    return (0.0,)


def end_of(table: pd.DataFrame, by: str) -> float:
    """The largest sparsity that every run reaches."""
    return float(table.groupby([by, "seed"], sort=False)["sparsity"].max().min())


def free_values(steps: pd.DataFrame, metrics: Sequence[str], within: float) -> pd.DataFrame:
    """How far each run may be pruned before a metric falls by more than ``within``.

    The reference is the same run before its first removal. A run that starts at ``within`` or less
    cannot lose more and has no value; else it would count as kept to the end.

    Returns:
        One row per run and metric in the columns of ``VALUES``; quantity is ``free:<metric>``.

    Example:
        >>> runs = pd.DataFrame({"criterion": "nc", "seed": [0, 0, 1, 1], "sparsity": [0, 0.5] * 2})
        >>> steps = as_arms(runs.assign(recall=[0.9, 0.89, 0.02, 0.0]), "criterion", {})
        >>> free_values(steps, ["recall"], 0.02)[["seed", "value"]].values.tolist()
        [[0.0, 0.5]]
    """

    def free(at: Floats, values: Floats) -> float:
        if nothing_to_keep(float(values[0]), within):
            return float("nan")
        return float(free_sparsity(at, values, values[0], within))

    return _each(steps, metrics, "free", within, free)


def nothing_to_keep(dense: float, within: float) -> bool:
    """Whether a share is so low from the start that it cannot fall by more than ``within``.

    Example:
        >>> nothing_to_keep(0.02, 0.02), nothing_to_keep(0.03, 0.02), nothing_to_keep(0.0, 0.0)
        (True, False, True)
    """
    return dense <= within + SLACK


def areas(steps: pd.DataFrame, metrics: Sequence[str], upto: float) -> pd.DataFrame:
    """The mean height of each run's curve up to a sparsity; quantity is ``area:<metric>``.

    Runs that do not reach ``upto`` have none.
    """

    def area(at: Floats, values: Floats) -> float:
        if at[-1] < upto - 1e-9 or at[0] != 0:
            return float("nan")
        return float(area_under_curve(at, values, min(upto, at[-1])))

    return _each(steps, metrics, "area", upto, area)


def _each(
    steps: pd.DataFrame, metrics: Sequence[str], kind: str, at: float, measure: Measure
) -> pd.DataFrame:
    for metric in metrics:
        choose("metric", metric, steps.columns)
    rows = []
    # Two steps of one run may round to the same number of parts: the later one stands.
    steps = steps.sort_values("sparsity", kind="stable")
    steps = steps.drop_duplicates([*ARM, "seed", "sparsity"], keep="last")
    names = list(dict.fromkeys(["sparsity", *metrics]))
    curves = dict(zip(names, steps[names].to_numpy(float).T, strict=True))
    for key, run in rows_of_runs(steps):
        for metric in metrics:
            curve = np.array([curves["sparsity"][run], curves[metric][run]])
            curve = curve[:, ~np.isnan(curve).any(axis=0)]
            if curve.shape[1] < 2:
                continue
            value = measure(curve[0], curve[1])
            if not isnan(value):
                rows.append((*key, f"{kind}:{metric}", at, value, False))
    return pd.DataFrame(rows, columns=VALUES)
