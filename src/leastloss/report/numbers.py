"""From the runs of a study to the numbers of its section: one value per seed, then statistics."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from leastloss.evaluation.significance import Floats, holm, mean_intervals, signed_rank
from leastloss.evaluation.summary import REACH
from leastloss.names import choose

GROUP = ["recovery", "granularity"]
"""What arms must share to be compared and drawn together."""

ARM = [*GROUP, "method", "criterion", "settings"]
"""Columns that tell arms apart: ``method`` is the criterion with the settings behind it, if any."""

LENGTHS = ("bdm_bits", "mask_sign_bits", "compressed_bytes")
"""Columns that measure how long a description of the pruned network is."""

_VALUES = [*ARM, "seed", "quantity", "at", "value", "only_dense"]


def at_points(table: pd.DataFrame, points: Sequence[float], metrics: Sequence[str]) -> pd.DataFrame:
    """Read the metrics of every run off at a few sparsities, from the nearest step (within 0.025).

    Args:
        table: One row per run and step: the columns of ``ARM``, seed, sparsity, the metrics.
        points: Sparsities in [0, 1].
        metrics: Columns to read.

    Returns:
        One row per run, metric and point: ``ARM``, seed, quantity, at, value.

    Raises:
        InputError: If a metric is no column of the table.
    """
    for metric in metrics:
        choose("metric", metric, [c for c in table.columns if c not in (*ARM, "seed", "step")])
    rows = []
    for key, run in table.groupby([*ARM, "seed"], sort=False):
        sparsities = run["sparsity"].to_numpy()
        for point in points:
            nearest = int(np.abs(sparsities - point).argmin())
            if abs(sparsities[nearest] - point) > REACH:
                continue
            for metric in metrics:
                value = float(run[metric].iloc[nearest])
                if np.isfinite(value):
                    rows.append((*key, metric, point, value, False))
    return pd.DataFrame(rows, columns=_VALUES)


def free_of_loss(table: pd.DataFrame, within: Sequence[float]) -> pd.DataFrame:
    """Find how sparse and how short a network gets while its accuracy stays near the dense one's.

    Of the steps whose test accuracy is at most x below the run's dense accuracy: the largest
    sparsity, and the smallest of each description length. The dense network is one of them.

    Args:
        table: As for :func:`at_points`, with accuracy; step 0 is dense.
        within: Losses x of accuracy, in [0, 1].

    Returns:
        One row per run, quantity (sparsity and ``LENGTHS``) and x (as ``at``); ``only_dense``
        tells that no pruned network was near enough.
    """
    lengths = [name for name in LENGTHS if name in table.columns]
    rows = []
    for key, run in table.groupby([*ARM, "seed"], sort=False):
        accuracy, sparsity = run["accuracy"].to_numpy(), run["sparsity"].to_numpy()
        dense = accuracy[int(sparsity.argmin())]
        sizes = {name: run[name].to_numpy() for name in lengths}
        for x in within:
            near = accuracy >= dense - x - 1e-9
            most = float(sparsity[near].max())
            rows.append((*key, "sparsity", x, most, most == 0))
            rows += [(*key, n, x, float(size[near].min()), most == 0) for n, size in sizes.items()]
    return pd.DataFrame(rows, columns=_VALUES)


def means(values: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds: ``ARM``, quantity, at, n, mean, low, high, only_dense (seeds)."""
    keys, samples, dense = [], [], []
    for key, part in values.groupby([*ARM, "quantity", "at"], sort=False):
        keys.append(key)
        samples.append(part["value"].to_numpy(dtype=np.float64))
        dense.append(int(part["only_dense"].sum()))
    found = pd.DataFrame(keys, columns=[*ARM, "quantity", "at"])
    return _intervals(found, samples).assign(only_dense=dense)


def differences(values: pd.DataFrame, against: Sequence[str]) -> pd.DataFrame:
    """Compare every arm with the reference criteria of its group, seed by seed.

    Where a criterion occurs with several settings, the reference has those of the arm, or else is
    the first. Only seeds that both have count.

    Args:
        values: What :func:`at_points` returns.
        against: Criteria.

    Returns:
        ``ARM``, quantity, at, reference (its method), n, mean, low, high of arm minus reference,
        p (Wilcoxon signed-rank), holm (over the arms that are compared with one reference
        criterion in one group, quantity and point).
    """
    keys, samples = [], []
    for place, part in values.groupby([*GROUP, "quantity", "at"], sort=False):
        wide = part.pivot(index="seed", columns="method", values="value").sort_index()
        arms = part.drop_duplicates("method")[ARM].to_dict("records")
        for criterion in against:
            known = [arm for arm in arms if arm["criterion"] == criterion]
            for arm in arms if known else []:
                same = [other for other in known if other["settings"] == arm["settings"]]
                reference = (same or known)[0]["method"]
                paired = wide[[arm["method"], reference]].dropna()
                if arm["criterion"] == criterion or paired.empty:
                    continue
                keys.append((*arm.values(), *place[2:], criterion, reference))
                samples.append((paired[arm["method"]] - paired[reference]).to_numpy(np.float64))
    found = pd.DataFrame(keys, columns=[*ARM, "quantity", "at", "against", "reference"])
    found = _intervals(found, samples).assign(p=[signed_rank(sample) for sample in samples])
    family = found.groupby([*GROUP, "quantity", "at", "against"], sort=False)["p"]
    return found.assign(holm=family.transform(holm) if len(found) else [])


def _intervals(found: pd.DataFrame, samples: list[Floats]) -> pd.DataFrame:
    """Add n, mean, low, high of each row's sample."""
    found["n"] = [len(sample) for sample in samples]
    ends = np.full((len(samples), 3), np.nan)
    for n in sorted(set(found["n"])):
        alike = np.flatnonzero(found["n"] == n)
        ends[alike] = np.transpose(mean_intervals(np.array([samples[i] for i in alike])))
    return found.assign(mean=ends[:, 0], low=ends[:, 1], high=ends[:, 2])
