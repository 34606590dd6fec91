"""Sentences on whole paths, random removal, controls, lost classes, and ranks over data sets."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

import pandas as pd

from leastloss.evaluation import LEVEL, Ranking, metric_of
from leastloss.report.formats import number, percent
from leastloss.report.roles import Role, alike, apart
from leastloss.report.sections import Sentences

RANKS = "Ranks over data sets"


def of_kind(rows: pd.DataFrame, roles: Mapping[str, Role], *kinds: str) -> pd.DataFrame:
    """The rows of methods of these kinds."""
    return rows[rows["method"].isin([name for name, role in roles.items() if role.kind in kinds])]


def best_of(rows: pd.DataFrame) -> pd.Series:
    """The row of the largest mean, the first of several."""
    return rows.sort_values("mean", ascending=False, kind="stable").iloc[0]


def of_paths(gaps: pd.DataFrame, roles: Mapping[str, Role]) -> list[str]:
    """Say how the best method compares with the reference over the whole path."""
    if gaps.empty:
        return []
    rows = gaps[gaps["against"] == gaps["against"].iloc[0]]
    rows = of_kind(rows, roles, "method")
    same = alike(rows)
    rows = rows[same] if same.any() else rows
    best_rows = []
    for quantity, part in rows.groupby("quantity", sort=False):
        metric = str(quantity).partition(":")[2]
        if metric_of(metric).is_share:
            best_rows.append((metric, best_of(part)))
    if not best_rows:
        return []
    at = percent(float(rows["at"].iloc[0]))
    same_reference = len({row["reference"] for _, row in best_rows}) == 1
    parts = []
    for metric, row in best_rows:
        differ = apart(row["settings"], row["reference_settings"])
        reference = "" if same_reference else f" against `{row['reference']}`"
        reference += f" ({differ}, so not by its score alone)" if differ else ""
        parts.append(
            f"`{row['method']}` {gap(row, metric)} in {metric_of(metric).heading}{reference}"
        )
    against = f" against `{best_rows[0][1]['reference']}`" if same_reference else ""
    limit = " of those with a reference of their own repair" if 0 < same.sum() < len(same) else ""
    return [
        f"Averaged over the path up to {at}, the best method{limit}{against}: "
        f"{'; '.join(parts)} (n = {int(rows['n'].max())})."
    ]


def gap(row: pd.Series, quantity: str) -> str:
    """A difference with its interval and p, in words."""
    text = f"{number(row['mean'], quantity, signed=True)} points"
    if isfinite(row["low"]):
        ends = (number(row[end], quantity, signed=True) for end in ("low", "high"))
        text += f" [{', '.join(ends)}]"
    return f"{text}, p = {row['holm']:.2g},"


def difference(row: pd.Series, quantity: str = "sparsity") -> str:
    """A difference in words, with n and whether it is shown."""
    shown = "" if row["holm"] <= LEVEL else ": these seeds do not tell the two apart"
    return f"{gap(row, quantity)} n = {row['n']}{shown}"


def of_chance(gaps: pd.DataFrame, roles: Mapping[str, Role]) -> list[str]:
    """Name the methods that are not shown to beat random removal."""
    rows = gaps[gaps["against"] == "random"]
    rows = of_kind(rows, roles, "method")
    unlike = names_listed(rows[~alike(rows)]["method"].unique())
    rows = rows[alike(rows)]
    like = rows[(rows["holm"] > LEVEL) | (rows["mean"] <= 0)]
    names_of: dict[str, list[str]] = {}
    for name, part in like.groupby("method", sort=False):
        metrics = listed([metric_of(str(q).partition(":")[2]).heading for q in part["quantity"]])
        names_of.setdefault(metrics, []).append(f"`{name}`")
    return [
        f"Not shown to be better than random removal over the whole path, in {metrics}: "
        f"{listed(names)}."
        for metrics, names in names_of.items()
    ] + ([f"Not compared with random removal under the same repair: {unlike}."] if unlike else [])


def listed(parts: Sequence[str]) -> str:
    """Join words with commas and "and".

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    return " and ".join([*([", ".join(parts[:-1])] if parts[1:] else []), *parts[-1:]])


def names_listed(names: Iterable[str]) -> str:
    """Join names of methods, each in backquotes."""
    return listed([f"`{name}`" for name in names])


def of_controls(roles: Mapping[str, Role]) -> list[str]:
    """Say which methods lack controls."""
    lacking = {name: role.missing for name, role in roles.items() if role.missing}
    if not lacking:
        return []
    if not any(role.controls for role in roles.values()):
        return ["Incomplete: controls of these methods were not run."]
    if len(lacking) == 1:
        ((name, missing),) = lacking.items()
        return [f"Incomplete: of `{name}` the controls {', '.join(missing)} were not run."]
    return [f"Incomplete, since some of their controls were not run: {names_listed(lacking)}."]


def of_classes(losses: pd.DataFrame, roles: Mapping[str, Role], most: int = 3) -> list[str]:
    """Say which class the methods cost most."""
    asked = of_kind(losses, roles, "method", "baseline")
    asked = asked[asked["loss"] < 0]
    asked = asked.sort_values("loss", kind="stable")[:most]
    if asked.empty:
        return []
    parts = [
        f"`{row['method']}` class {row['label']} ({number(row['loss'], 'recall', signed=True)})"
        for row in asked.to_dict("records")
    ]
    at = percent(float(asked["at"].iloc[0]))
    return [f"The class that pays most at {at} removed, in points of recall: {'; '.join(parts)}."]


def ranks_sentences(
    ranking: Ranking, metric: str, at: float, notes: Sequence[str] = ()
) -> Sentences:
    """Say what was ranked, whether methods differ at all, and which differ from the best.

    Args:
        ranking: The ranking.
        metric: What was ranked.
        at: Sparsity at which it was measured.
        notes: Sentences that follow: what was left out.
    """
    names, (best, first) = ranking.data_sets, next(iter(ranking.ranks.items()))
    significant = ranking.p[best] < LEVEL
    worse = [f"`{name}`" for name in ranking.ranks if significant[name]]
    differ = ranking.friedman < LEVEL
    texts = [
        f"Each method's {metric_of(metric).words} at {percent(at)} removed, the mean over seeds, "
        f"is ranked among {len(ranking.ranks)} methods on {len(names)} data sets "
        f"({', '.join(names)}); equal values share a rank.",
        f"Friedman's test {'finds that' if differ else 'does not show that'} their ranks differ "
        f"(p = {ranking.friedman:.2g}); by Nemenyi's test two differ at {percent(LEVEL)} where "
        f"their mean ranks are {ranking.difference:.2f} or more apart. Both count data sets, not "
        "seeds: few of them show large differences only.",
        f"Best is `{best}` with a mean rank of {first:.2f}; "
        + (f"significantly worse: {', '.join(worse)}." if worse else "no other is told from it."),
    ]
    return Sentences([*texts, *notes])
