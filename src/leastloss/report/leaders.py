"""Sentences on who leads among methods, baselines and controls."""

from collections.abc import Mapping, Sequence

import pandas as pd

from leastloss.controls import SMALL
from leastloss.evaluation import metric_of
from leastloss.report.formats import number, percent
from leastloss.report.numbers import differences, means
from leastloss.report.observations import best_of, difference, listed, names_listed, of_kind
from leastloss.report.paired_tests import of_enough
from leastloss.report.roles import Role, apart
from leastloss.report.tables import seeds_of

TIED = 5e-4
"""Shares that differ by less count as equal."""

_MANY = 4  # names at the most in one enumeration


def of_leaders(
    values: pd.DataFrame,
    roles: Mapping[str, Role],
    *,
    where: str,
    refused: str = "",
    few_seeds: bool = False,
) -> list[str]:
    """Say who has most of each metric, in one sentence.

    The sentence names all that are ahead of the best method, then the best method; if that leads,
    the best of the others. If all tie, it gives their value without names. It gives the difference
    between the best method and the best of the others.

    Returns:
        The sentence; none if there are no methods, or no controls and baselines.
    """
    parts: list[str] = []
    count, n = 0, list[int]()
    for quantity, rows in means(values).groupby("quantity", sort=False):
        metric = metric_of(str(quantity).rpartition(":")[2])
        methods, rest = of_kind(rows, roles, "method"), of_kind(rows, roles, "baseline", "control")
        if not metric.is_accuracy or methods.empty or rest.empty:
            continue
        best, rival = best_of(methods), best_of(rest)
        shown = rows[rows["mean"] > min(best["mean"], rival["mean"]) - TIED]
        who = _ranked(shown, metric.name, every=len(shown) == len(rows))
        text = f"{metric.heading} {who}"
        if not refused:
            metric_values = values[values["quantity"] == quantity]
            text += paired_words(metric_values, best, rival, metric.name, few_seeds)
        parts.append(text)
        count, n = max(count, len(rows)), [*n, *shown["n"]]
    if not parts:
        return []
    end = f" ({seeds_of(pd.Series(n))}: too few seeds to say which is better)" if refused else ""
    among = f"the highest of the {count} methods, baselines and controls"
    return [f"{where}, {among}: {'; '.join(parts)}{end}."]


def paired_words(
    values: pd.DataFrame, best: pd.Series, rival: pd.Series, metric: str, few_seeds: bool
) -> str:
    """The difference between two methods, in brackets."""
    pair = differences(values, [rival["method"]])
    pair = pair[(pair["method"] == best["method"]) & (pair["reference"] == rival["method"])]
    pair = of_enough(pair, few_seeds)
    if pair.empty:
        return " (of too few common seeds to be told apart)"
    text = f"`{best['method']}` against `{rival['method']}`: {difference(pair.iloc[0], metric)}"
    differ = "" if rival["criterion"] == SMALL else apart(best["settings"], rival["settings"])
    return f" ({text}{f'; not by their scores alone: {differ}' if differ else ''})"


def of_others(
    rows: pd.DataFrame, roles: Mapping[str, Role], lead: str, named: Sequence[str]
) -> str:
    """Say who keeps a metric as far as a method or further, and how far the controls keep it.

    Returns:
        Sentences, each after a blank; empty if nobody is left to name.
    """
    mean = float(rows[rows["method"] == lead]["mean"].iloc[0])
    others = rows[~rows["method"].isin([lead, *named])]
    further = others[others["mean"] >= mean + TIED]
    level = others[(others["mean"] - mean).abs() < TIED]
    text = ""
    if len(further):
        text += f" Further still: {_ranked(further, 'sparsity')}."
    if len(level) and mean > 0:
        tied = rows[(rows["mean"] - mean).abs() < TIED]["method"]
        text += f" A tie of {len(tied)} at {percent(round(mean, 3))}: {names_listed(tied)}."
    controls = of_kind(rows, roles, "control")
    if controls.empty or controls["mean"].max() >= mean + TIED:
        return text
    top = float(controls["mean"].max())
    if top == 0:
        return f"{text} No control keeps it at any step."
    if top <= mean - TIED:
        best = controls[(controls["mean"] - top).abs() < TIED]["method"]
        text += f" Of {len(controls)} controls the furthest: {names_listed(best)}, up to "
        text += f"{percent(round(top, 3))}."
    return text


def _ranked(rows: pd.DataFrame, quantity: str, *, every: bool = False) -> str:
    """Names with their values, the highest first; equal values together.

    If the rows are ``every`` method, many that share the last place are counted and not named, and
    none is named if all share one place.
    """
    rows = rows.sort_values("mean", ascending=False, kind="stable")
    names_of: dict[str, list[str]] = {}
    for row in rows.to_dict("records"):
        names_of.setdefault(number(row["mean"], quantity), []).append(f"`{row['method']}`")
    places = [f"{listed(names)} ({value} %)" for value, names in names_of.items()]
    value, names = list(names_of.items())[-1]
    if every and len(names_of) == 1:
        return f"the same for all ({value} %)"
    if every and len(names) > _MANY:
        places[-1] = f"all {len(names)} others alike ({value} %)"
    return ", then ".join(places)
