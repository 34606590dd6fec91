"""From the steps of runs to numbers: one value per seed, then statistics over seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leastloss.errors import choose
from leastloss.evaluation import Floats, holm, mean_intervals, reach_of, signed_rank, steps_within
from leastloss.report.roles import repair_of

GROUP = ["recovery", "granularity"]
"""Columns that compared arms share; an empty recovery stands for any."""

ARM = [*GROUP, "method", "criterion", "settings"]
"""Columns that tell arms apart.

``method`` is the criterion with the settings in which its arms differ; ``settings`` are all in
which the arm differs from any other of its group, as ``key=value, key=value``.
"""

LENGTHS = ("bdm_bits", "mask_sign_bits", "compressed_bytes")
"""Columns with description lengths of the pruned network."""

VALUES = [*ARM, "seed", "quantity", "at", "value", "only_dense"]
"""Columns of a table with one value per run."""


def rows_of_runs(table: pd.DataFrame) -> list[tuple[tuple[object, ...], NDArray[np.intp]]]:
    """The runs of a table in the order of their first rows: ``ARM`` and seed, and where it stands.

    Rows without one of them (NaN) are of no run.
    To take rows out of arrays by these numbers is a hundred times as fast as a table per run.

    Example:
        >>> table = pd.DataFrame({"seed": [1, 0, 1]} | dict.fromkeys(ARM, ""))
        >>> [(key[-1], rows.tolist()) for key, rows in rows_of_runs(table)]
        [(1, [0, 2]), (0, [1])]
    """
    if table.empty:
        return []
    keys = table[[*ARM, "seed"]]
    run = keys.groupby([*keys], sort=False).ngroup().to_numpy()
    rows = np.argsort(run, kind="stable")
    rows = rows[run[rows] >= 0]
    if not len(rows):
        return []
    parts = np.split(rows, np.flatnonzero(np.diff(run[rows])) + 1)
    firsts = keys.iloc[[part[0] for part in parts]].itertuples(index=False, name=None)
    return list(zip(firsts, parts, strict=True))


def at_points(table: pd.DataFrame, points: Sequence[float], metrics: Sequence[str]) -> pd.DataFrame:
    """Read the metrics of every run off at a few sparsities, from the nearest step.

    A run has no value where no step is near enough
    (:func:`leastloss.evaluation.summary.reach_of`).

    Args:
        table: One row per run and step: the columns of ``ARM``, seed, sparsity, the metrics.
        points: Sparsities in [0, 1].
        metrics: Columns to read.

    Returns:
        One row per run, metric and point: ``ARM``, seed, quantity, at, value, sparsity (of the
        step).

    Raises:
        InputError: If a metric is no column of the table.
    """
    for metric in metrics:
        numeric = table.select_dtypes("number").columns
        choose("metric", metric, [c for c in numeric if c not in (*ARM, "seed", "step")])
    rows = []
    every, columns = table["sparsity"].to_numpy(), {m: table[m].to_numpy() for m in metrics}
    for key, run in rows_of_runs(table):
        sparsities = every[run]
        for point in points:
            far = np.where((sparsities == 0) == (point == 0), np.abs(sparsities - point), np.inf)
            nearest = int(far.argmin())  # the dense network stands for itself alone
            if far[nearest] > reach_of(point) + 1e-9:
                continue
            for metric in metrics:
                value = float(columns[metric][run[nearest]])
                if np.isfinite(value):
                    rows.append((*key, metric, point, value, False, sparsities[nearest]))
    return pd.DataFrame(rows, columns=[*VALUES, "sparsity"])


def free_of_loss(
    table: pd.DataFrame, within: Sequence[float], metrics: Sequence[str] = ("accuracy",)
) -> pd.DataFrame:
    """Find how sparse and how short a network gets before its metrics leave the dense one's.

    The steps before the first at which one of the metrics on the *validation* images is more than x
    below the dense network's: the largest sparsity, the smallest of each description length, and
    the metrics on the test images at that sparsity. The dense network is one of the steps.

    Args:
        table: As for :func:`at_points`, with the metrics and their ``val_`` twins; step 0 is dense.
        within: Losses x, in [0, 1].
        metrics: The metrics to keep; more is better.

    Returns:
        One row per run, quantity (sparsity, the metrics and ``LENGTHS``) and x (as ``at``);
        ``only_dense``: the value is the dense network's.

    Raises:
        InputError: If a metric has no ``val_`` twin in the table.
    """
    for metric in metrics:
        twins = [c.removeprefix("val_") for c in table.columns if c.startswith("val_")]
        choose("metric on the validation samples", metric, twins)
    lengths = [name for name in LENGTHS if name in table.columns]
    rows = []
    sparsities = table["sparsity"].to_numpy()
    columns = {name: table[name].to_numpy() for name in [*metrics, *lengths]}
    validation = table[[f"val_{metric}" for metric in metrics]].to_numpy(np.float64).T
    for key, run in rows_of_runs(table):
        run = run[np.argsort(sparsities[run])]
        levels, sparsity = validation[:, run], sparsities[run]
        for x in within:
            near = steps_within(levels, levels[:, 0], x).all(axis=0)
            last = int(near.sum()) - 1
            rows.append((*key, "sparsity", x, float(sparsity[last]), last == 0))
            for name in metrics:
                rows.append((*key, name, x, float(columns[name][run[last]]), last == 0))
            for name in lengths:
                size = columns[name][run][near]
                if np.isfinite(size).all():
                    rows.append((*key, name, x, float(size.min()), int(size.argmin()) == 0))
    return pd.DataFrame(rows, columns=VALUES)


def means(values: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds: ``ARM``, quantity, at, n, mean, low, high, only_dense (seeds)."""
    keys, samples, dense = [], [], []
    for key, part in values.groupby([*ARM, "quantity", "at"], sort=False):
        keys.append(key)
        samples.append(part["value"].to_numpy(dtype=np.float64))
        dense.append(int(part["only_dense"].sum()))
    averages = pd.DataFrame(keys, columns=[*ARM, "quantity", "at"])
    return _intervals(averages, samples).assign(only_dense=dense)


def differences(values: pd.DataFrame, against: Sequence[str]) -> pd.DataFrame:
    """Compare every arm with the reference criteria of its group, seed by seed.

    If a criterion has several settings, the reference is the one with the arm's recovery and
    schedule, and of these the one that agrees with it in most other settings (the first of
    several). Arms of that criterion are compared with its first. Only common seeds count.

    Args:
        values: What :func:`at_points` returns.
        against: Criteria or methods; a method is the reference of all arms.

    Returns:
        ``ARM``, quantity, at, against (as given), reference (its method),
        reference_settings, sparsity and reference_sparsity (mean over the steps, if ``values``
        holds them), n, mean, low, high of arm minus reference, p (Wilcoxon signed-rank),
        holm (over all arms of one group, quantity, point and reference
        criterion).
    """
    keys, samples = [], []
    for place, part in values.groupby([*GROUP, "quantity", "at"], sort=False):
        wide = part.pivot(index="seed", columns="method", values="value").sort_index()
        value_of = {str(method): column.to_numpy(np.float64) for method, column in wide.items()}
        arms = part.drop_duplicates("method")[ARM].to_dict("records")
        if "sparsity" not in part:
            part = part.assign(sparsity=np.nan)
        steps = part.groupby("method")["sparsity"].mean()
        for criterion in against:
            references = [arm for arm in arms if arm["criterion"] == criterion]
            references = references or [arm for arm in arms if arm["method"] == criterion]
            for arm in arms if references else []:
                near = references[:1] if arm["criterion"] == criterion else references
                chosen = max(
                    near, key=lambda candidate: _agreement(candidate["settings"], arm["settings"])
                )
                reference = chosen["method"]
                if reference == arm["method"]:
                    continue
                ours, theirs = value_of[arm["method"]], value_of[reference]
                both = ~(np.isnan(ours) | np.isnan(theirs))
                if not both.any():
                    continue
                other = (criterion, reference, chosen["settings"])
                where = (steps[arm["method"]], steps[reference])
                keys.append((*arm.values(), *place[2:], *other, *where))
                samples.append(ours[both] - theirs[both])
    columns = ["quantity", "at", "against", "reference", "reference_settings"]
    columns += ["sparsity", "reference_sparsity"]
    compared = pd.DataFrame(keys, columns=[*ARM, *columns])
    compared = _intervals(compared, samples).assign(p=[signed_rank(sample) for sample in samples])
    family = compared.groupby([*GROUP, "quantity", "at", "against"], sort=False)["p"]
    return compared.assign(holm=family.transform(holm) if len(compared) else [])


def _agreement(settings: str, other: str) -> tuple[int, int]:
    """In how many settings two arms agree: in repair and schedule, then in all."""
    repair = {*repair_of(settings)} & {*repair_of(other)}
    return len(repair), len({*settings.split(", ")} & {*other.split(", ")})


def spreads(values: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Standard deviation over some arms of one network, seed by seed; columns as in ``values``."""
    parts = []
    for name, methods in groups.items():
        chosen = values[values["method"].isin(methods)]
        keys = [*GROUP, "seed", "quantity", "at"]
        spread = chosen.groupby(keys, sort=False)["value"].std().dropna().reset_index()
        parts.append(spread.assign(method=name, criterion=name, settings="", only_dense=False))
    return pd.concat(parts)[VALUES] if parts else values.iloc[:0]


def _intervals(table: pd.DataFrame, samples: list[Floats]) -> pd.DataFrame:
    """Add n, mean, low, high of each row's sample."""
    table["n"] = [len(sample) for sample in samples]
    ends = np.full((len(samples), 3), np.nan)
    for n in sorted(set(table["n"])):
        alike = np.flatnonzero(table["n"] == n)
        ends[alike] = np.transpose(mean_intervals(np.array([samples[i] for i in alike])))
    return table.assign(mean=ends[:, 0], low=ends[:, 1], high=ends[:, 2])
