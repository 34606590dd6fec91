"""Sentences on how far each metric stays near the dense network's."""

from collections.abc import Mapping

import pandas as pd

from leastloss.evaluation import metric_of
from leastloss.report.formats import number, percent
from leastloss.report.leaders import of_others
from leastloss.report.observations import best_of, difference, of_kind
from leastloss.report.roles import Role, alike, apart, repair_of
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
    """Say how far each metric stays near the dense network's, with the difference to a baseline.

    Returns:
        Sentences; names of methods in backquotes.
    """
    sentences = []
    levels = {str(quantity).partition(":")[2]: 1.0 for quantity in free["quantity"].unique()}
    for metric, start in (levels | dict(dense or {})).items():
        if nothing_to_keep(start, within):
            value = number(start, metric)
            sentences.append(
                f"Dense {metric_of(metric).heading} is {value} %: there is nothing to keep."
            )
            continue
        quantity = f"free:{metric}"
        rows = free[free["quantity"] == quantity]
        if rows.empty:
            continue
        methods = of_kind(rows, roles, "method")
        rest = of_kind(rows, roles, "baseline")
        if methods.empty:
            methods, rest = rows, rows.iloc[:0]
        if max([*methods["mean"], *rest["mean"]]) == 0:
            near = f"within {100 * within:g} points of dense"
            text = f"No method keeps {metric_of(metric).heading} {near} at its first step."
            lead = str(methods["method"].iloc[0])
            sentences.append(
                text + of_others(rows, roles, lead, [*methods["method"], *rest["method"]])
            )
            continue
        pairs = gaps[gaps["quantity"] == quantity]
        claim = f"keeps {metric_of(metric).heading} within {100 * within:g} points of dense "
        text = _leading_sentence(claim, methods, rest, pairs, end, refused)
        named = [name for name in rows["method"] if f"`{name}`" in text]
        sentences.append(text + of_others(rows, roles, str(best_of(methods)["method"]), named))
    return [*([refused] if refused else []), *sentences]


def _leading_sentence(
    claim: str,
    methods: pd.DataFrame,
    rest: pd.DataFrame,
    gaps: pd.DataFrame,
    end: float,
    refused: str,
) -> str:
    """The best method beside a baseline; if their repairs differ, a second pair of one repair."""
    lead = best_of(methods)
    text, differ = _beside(claim, lead, rest, gaps, end, refused)
    if not differ:
        return text
    text += f" These two differ in more than their scores: {differ}."
    repairs = {repair_of(settings) for settings in rest["settings"]}
    same = methods[[repair_of(settings) in repairs for settings in methods["settings"]]]
    if same.empty:
        return text
    return f"{text} Under one repair: {_beside('', best_of(same), rest, gaps, end, refused)[0]}"


def _beside(
    claim: str, lead: pd.Series, rest: pd.DataFrame, gaps: pd.DataFrame, end: float, refused: str
) -> tuple[str, str]:
    """A method beside a baseline, if possible of the same repair; and how their repairs differ."""
    pairs = gaps[gaps["method"] == lead["method"]]
    text = f"`{lead['method']}` {claim}{_upto(lead, end)}"
    differ = ""
    if len(rest):
        same = rest[[not apart(lead["settings"], settings) for settings in rest["settings"]]]
        rest = same if len(same) else rest
        paired = rest[rest["method"].isin(pairs["reference"])]
        other = best_of(paired if len(paired) else rest)
        differ = apart(lead["settings"], other["settings"])
        rival_pairs = pairs[pairs["reference"] == other["method"]]
        text += f"; `{other['method']}` {_upto(other, end)}"
        if len(rival_pairs) and not refused:
            return f"{text} ({difference(rival_pairs.iloc[0])}).", differ
    elif len(pairs) and not refused:
        pair = pairs.loc[(~alike(pairs)).idxmin()]  # the first of the same repair, else the first
        differ = apart(pair["settings"], pair["reference_settings"])
        return f"{text}; against `{pair['reference']}`: {difference(pair)}.", differ
    return f"{text} (n = {lead['n']}).", differ


def _upto(row: pd.Series, end: float) -> str:
    if row["mean"] == 0:
        return "at no step"
    if row["mean"] >= end - 1e-9:
        return f"up to the end of its path, {percent(row['mean'])} removed"
    return f"up to {percent(round(row['mean'], 3))} removed"
