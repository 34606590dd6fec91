"""The first screen of the page: one sentence, the curves, one table of the requested methods."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from leastloss.evaluation import metric_of
from leastloss.report.cost import scoring_values
from leastloss.report.formats import number, percent
from leastloss.report.leaders import TIED, paired_words
from leastloss.report.numbers import means
from leastloss.report.observations import best_of, names_listed, of_kind
from leastloss.report.roles import Role
from leastloss.report.sections import Grid
from leastloss.report.tables import capital, cell_of, seeds_of

ASKED = ("method", "baseline")
"""Roles of the methods that the user asked for: all but the controls."""

RARE = "minority_recall"


def answer(
    area: pd.DataFrame,
    roles: Mapping[str, Role],
    metrics: Sequence[str],
    *,
    end: float,
    refused: str = "",
    few_seeds: bool = False,
) -> str:
    """Say in one sentence which requested method keeps most, and whether that is significant."""
    mean = means(area)
    best: dict[str, list[str]] = {}
    for metric in metrics[:2]:
        rows = mean[mean["quantity"] == f"area:{metric}"]
        asked, controls = of_kind(rows, roles, *ASKED), of_kind(rows, roles, "control")
        if len(asked):
            values = area[area["quantity"] == f"area:{metric}"]
            who, much = _most(metric, asked, controls, None if refused else values, few_seeds)
            best.setdefault(who, []).append(much)
    if not best:
        return "These runs hold no metric by which the methods could be ranked."
    count = sum(role.kind in ASKED for role in roles.values())
    among = f"Of {count} methods" if count > 1 else "The only method"
    ranking = " and ".join(f"{who} the most {' and '.join(much)}" for who, much in best.items())
    few = f"; n = {int(mean['n'].max())}: too few seeds to say which is better" if refused else ""
    return f"{among}, {ranking}, averaged over the path up to {percent(end)} removed{few}."


def _most(
    metric: str,
    asked: pd.DataFrame,
    controls: pd.DataFrame,
    values: pd.DataFrame | None,
    few_seeds: bool,
) -> tuple[str, str]:
    """The leaders in one metric; and in words their mean, the runner-up, and a better control."""
    best = best_of(asked)
    level = asked[asked["mean"] > best["mean"] - TIED]
    names = names_listed(level["method"])
    who = f"{names} keeps" if len(level) == 1 else f"{names} keep"
    if len(level) > 3:
        who = f"{len(level)} alike keep"
    rest = asked[~asked["method"].isin(level["method"])]
    words = [_share(best, metric)]
    if len(rest):
        second = best_of(rest)
        words.append(f"next `{second['method']}` {_share(second, metric)}")
        if values is not None:
            words[-1] += paired_words(values, best, second, metric, few_seeds)
    if len(controls) and (top := best_of(controls))["mean"] > best["mean"] + TIED:
        words.append(f"control `{top['method']}` {_share(top, metric)}")
    return who, f"{metric_of(metric).heading} ({'; '.join(words)})"


def _share(row: pd.Series, metric: str) -> str:
    """A mean in per cent, without a line break before the sign."""
    return f"{number(row['mean'], metric)}\N{NO-BREAK SPACE}%"


def answer_grid(
    steps: pd.DataFrame,
    free: pd.DataFrame,
    points: pd.DataFrame,
    roles: Mapping[str, Role],
    metrics: Sequence[str],
    *,
    at: Sequence[float],
    within: float,
) -> Grid:
    """The table of the first screen: a row per requested method, the largest free sparsity first.

    Args:
        steps: One row per run and step: ``ARM``, seed, sparsity; score_seconds, if measured.
        free: Means of ``free:<metric>`` (:func:`leastloss.report.numbers.means`).
        points: Means of the metrics at ``at``.
        roles: Method -> its role, in the order of equal rows.
        metrics: Shares of which more is better; the first is the one that must stay.
        at: The two sparsities of the columns with the recall of the rare classes.
        within: The loss that counts as none.
    """
    asked = [name for name, role in roles.items() if role.kind in ASKED] or list(roles)
    first = metrics[0]
    recall = RARE if RARE in metrics else first
    what = metric_of(recall).heading
    near = free[free["quantity"] == f"free:{first}"]
    free_rows = {row["method"]: row for row in near.to_dict("records")}
    recall_rows = {
        (row["method"], row["at"]): row
        for row in points.to_dict("records")
        if row["quantity"] == recall
    }
    scoring = means(scoring_values(steps)).to_dict("records")
    seconds = {row["method"]: row for row in scoring if row["quantity"] == "score_seconds"}
    columns: list[tuple[Mapping[Any, Any], str, float | None]] = []
    columns += [(free_rows, "sparsity", None)] if free_rows else []
    columns += [(recall_rows, recall, point) for point in at]
    columns += [(seconds, "score_seconds", None)] if seconds else []
    order = sorted(asked, key=lambda name: -free_rows[name]["mean"] if name in free_rows else 0.0)
    head = [*(["free sparsity"] if free_rows else []), *[f"{what} at {percent(p)}" for p in at]]
    n = steps[steps["method"].isin(asked)].groupby("method")["seed"].nunique()
    return Grid(
        caption=(
            f"Free sparsity: the share removed before {metric_of(first).heading} falls by more "
            f"than {100 * within:g} points, {seeds_of(n)}"
            if free_rows
            else f"{capital(what)}, {seeds_of(n)}"
        ),
        unit="%" if metric_of(recall).is_share else "",
        head=[*head, *(["scoring (seconds)"] if seconds else [])],
        rows={
            name: [
                cell_of(rows.get(name if point is None else (name, point)), quantity)
                for rows, quantity, point in columns
            ]
            for name in order
        },
    )
