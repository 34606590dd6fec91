"""The numbers in plain words: what a reader takes away who reads nothing else."""

from collections.abc import Mapping, Sequence
from math import isfinite

import pandas as pd

from leastloss.plots.words import words
from leastloss.report.controls import Role
from leastloss.report.markdown import LEVEL
from leastloss.report.parts import in_percent, number, percent
from leastloss.report.repairs import alike, apart, repair_of
from leastloss.report.values import nothing_to_keep


def in_words(
    free: pd.DataFrame,
    gaps: pd.DataFrame,
    roles: Mapping[str, Role],
    *,
    end: float,
    within: float,
    refused: str = "",
    dense: Mapping[str, float] | None = None,
) -> list[str]:
    """Say how far each metric stays near the dense network's, and which difference is shown.

    Args:
        free: What :func:`leastloss.report.numbers.means` says of ``free:<metric>``.
        gaps: What :func:`leastloss.report.numbers.differences` says of them.
        roles: Method -> its role; of methods the first sentence speaks, not of controls.
        end: Sparsity that every run reaches.
        within: The loss that is accepted.
        refused: Why no difference may be claimed, if so.
        dense: Metric -> the dense networks' mean; of one that could not fall by so much nothing is
            claimed. Absent: the metrics of ``free``.

    Returns:
        Sentences; names of methods in backquotes.
    """
    found = []
    known = {str(quantity).partition(":")[2]: 1.0 for quantity in free["quantity"].unique()}
    for metric, start in (known | dict(dense or {})).items():
        if nothing_to_keep(start, within):
            value = number(start, metric)
            found.append(f"Dense {words(metric)} is {value} %: there is nothing to keep.")
            continue
        quantity = f"free:{metric}"
        rows = free[free["quantity"] == quantity]
        if rows.empty:
            continue
        own = _of_kind(rows, roles, "method")
        rest = _of_kind(rows, roles, "baseline")
        if own.empty:
            own, rest = rows, rows.iloc[:0]
        if max([*own["mean"], *rest["mean"]]) == 0:
            near = f"within {100 * within:g} points of dense"
            found.append(f"No method keeps {words(metric)} {near} at its first step.")
            continue
        pairs = gaps[gaps["quantity"] == quantity]
        kept = f"keeps {words(metric)} within {100 * within:g} points of dense "
        found.append(_kept(kept, own, rest, pairs, end, refused))
    return [*([refused] if refused else []), *found]


def _of_kind(rows: pd.DataFrame, roles: Mapping[str, Role], *kinds: str) -> pd.DataFrame:
    return rows[rows["method"].isin([name for name, role in roles.items() if role.kind in kinds])]


def _best(rows: pd.DataFrame) -> pd.Series:
    return rows.sort_values("mean", ascending=False, kind="stable").iloc[0]


def _kept(
    kept: str, own: pd.DataFrame, rest: pd.DataFrame, gaps: pd.DataFrame, end: float, refused: str
) -> str:
    """The best method beside a baseline; where repairs differ, then a pair of one repair."""
    lead = _best(own)
    text, differ = _beside(kept, lead, rest, gaps, end, refused)
    if not differ:
        return text
    text += f" These two differ in more than their scores: {differ}."
    repairs = {repair_of(settings) for settings in rest["settings"]}
    same = own[[repair_of(settings) in repairs for settings in own["settings"]]]
    if same.empty:
        return text
    return f"{text} Under one repair: {_beside('', _best(same), rest, gaps, end, refused)[0]}"


def _beside(
    kept: str, lead: pd.Series, rest: pd.DataFrame, gaps: pd.DataFrame, end: float, refused: str
) -> tuple[str, str]:
    """One method beside a baseline, of its own repair if there is one; and how repairs differ."""
    pairs = gaps[gaps["method"] == lead["method"]]
    text = f"`{lead['method']}` {kept}{_upto(lead, end)}"
    differ = ""
    if len(rest):
        same = rest[[not apart(lead["settings"], settings) for settings in rest["settings"]]]
        rest = same if len(same) else rest
        held = rest[rest["method"].isin(pairs["reference"])]
        other = _best(held if len(held) else rest)
        differ = apart(lead["settings"], other["settings"])
        known = pairs[pairs["reference"] == other["method"]]
        text += f"; `{other['method']}` {_upto(other, end)}"
        if len(known) and not refused:
            return f"{text} ({_difference(known.iloc[0])}).", differ
    elif len(pairs) and not refused:
        pair = pairs.loc[(~alike(pairs)).idxmin()]  # the first of one repair, or the first
        differ = apart(pair["settings"], pair["reference_settings"])
        return f"{text}; against `{pair['reference']}`: {_difference(pair)}.", differ
    return f"{text} (n = {lead['n']}).", differ


def _upto(row: pd.Series, end: float) -> str:
    if row["mean"] == 0:
        return "at no step"
    if row["mean"] >= end - 1e-9:
        return f"up to the end of its path, {percent(row['mean'])} removed"
    return f"up to {percent(round(row['mean'], 3))} removed"


def _difference(row: pd.Series) -> str:
    shown = "" if row["holm"] <= LEVEL else ": these seeds do not tell the two apart"
    return f"{_gap(row, 'sparsity')} n = {row['n']}{shown}"


def of_paths(gaps: pd.DataFrame, roles: Mapping[str, Role]) -> list[str]:
    """Say how the best method compares with the reference over the whole path.

    Args:
        gaps: Differences of ``area:<metric>``, of the first reference first.
        roles: Method -> its role.
    """
    if gaps.empty:
        return []
    rows = gaps[gaps["against"] == gaps["against"].iloc[0]]
    rows = _of_kind(rows, roles, "method")
    same = alike(rows)
    rows = rows[same] if same.any() else rows
    told = []
    for quantity, part in rows.groupby("quantity", sort=False):
        metric = str(quantity).partition(":")[2]
        if in_percent(metric):
            told.append((metric, _best(part)))
    if not told:
        return []
    at = percent(float(rows["at"].iloc[0]))
    one = len({row["reference"] for _, row in told}) == 1
    parts = []
    for metric, row in told:
        differ = apart(row["settings"], row["reference_settings"])
        held = "" if one else f" against `{row['reference']}`"
        held += f" ({differ}, so not by its score alone)" if differ else ""
        parts.append(f"`{row['method']}` {_gap(row, metric)} in {words(metric)}{held}")
    against = f" against `{told[0][1]['reference']}`" if one else ""
    limit = " of those with a reference of their own repair" if 0 < same.sum() < len(same) else ""
    return [
        f"Averaged over the path up to {at}, the best method{limit}{against}: "
        f"{'; '.join(parts)} (n = {int(rows['n'].max())})."
    ]


def _gap(row: pd.Series, quantity: str) -> str:
    gap = f"{number(row['mean'], quantity, signed=True)} points"
    if isfinite(row["low"]):
        ends = (number(row[end], quantity, signed=True) for end in ("low", "high"))
        gap += f" [{', '.join(ends)}]"
    return f"{gap}, p = {row['holm']:.2g},"


def of_chance(gaps: pd.DataFrame, roles: Mapping[str, Role]) -> list[str]:
    """Name the methods that are not shown to beat random removal.

    Args:
        gaps: Differences of ``area:<metric>``; those to the method ``random`` count.
        roles: Method -> its role.
    """
    rows = gaps[gaps["against"] == "random"]
    rows = _of_kind(rows, roles, "method")
    unlike = listed([f"`{name}`" for name in rows[~alike(rows)]["method"].unique()])
    rows = rows[alike(rows)]
    like = rows[(rows["holm"] > LEVEL) | (rows["mean"] <= 0)]
    told: dict[str, list[str]] = {}
    for name, part in like.groupby("method", sort=False):
        metrics = listed([words(str(q).partition(":")[2]) for q in part["quantity"]])
        told.setdefault(metrics, []).append(f"`{name}`")
    return [
        f"Not shown to be better than random removal over the whole path, in {metrics}: "
        f"{listed(names)}."
        for metrics, names in told.items()
    ] + ([f"Not compared with random removal under the same repair: {unlike}."] if unlike else [])


def listed(parts: Sequence[str]) -> str:
    """Join words as a sentence does.

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    return " and ".join([*([", ".join(parts[:-1])] if parts[1:] else []), *parts[-1:]])


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
    names = listed([f"`{name}`" for name in lacking])
    return [f"Incomplete, since some of their controls were not run: {names}."]


def of_classes(losses: pd.DataFrame, roles: Mapping[str, Role], most: int = 3) -> list[str]:
    """Say which class the methods cost most.

    Args:
        losses: One row per method: method, at (a sparsity), loss (mean change of recall), label (of
            the class that lost most).
        roles: Method -> its role.
        most: Methods that are spoken of, those that lose least.
    """
    own = _of_kind(losses, roles, "method", "baseline")
    own = own.sort_values("loss", ascending=False, kind="stable")[:most]
    if own.empty:
        return []
    parts = [
        f"`{row['method']}` class {row['label']} ({number(row['loss'], 'recall', signed=True)})"
        for row in own.to_dict("records")
    ]
    at = percent(float(own["at"].iloc[0]))
    return [f"The class that pays most at {at} removed, in points of recall: {'; '.join(parts)}."]
