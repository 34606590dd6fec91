"""A study's page of results: Markdown from finished numbers."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import pandas as pd

from leastloss.errors import InputError
from leastloss.evaluation import LEVEL, metric_of
from leastloss.report.formats import interval
from leastloss.report.markdown import (
    differences_tables,
    folded,
    free_table,
    means_table,
    spread_table,
)
from leastloss.report.numbers import GROUP


def section(
    *,
    title: str,
    question: str,
    facts: Mapping[str, str],
    means: pd.DataFrame,
    differences: pd.DataFrame,
    free: pd.DataFrame,
    shorter: pd.DataFrame,
    spread: pd.DataFrame,
    images: Mapping[tuple[str, str], Sequence[str]],
    csv: str,
) -> str:
    """Write the page.

    Args:
        title: Its heading.
        question: What was asked.
        facts: What made it: words -> Markdown.
        means: What :func:`leastloss.report.numbers.means` says of the metrics; the dense network
            may be a method of its own, at 0.
        differences: What :func:`leastloss.report.numbers.differences` says of them.
        free: What :func:`leastloss.report.numbers.means` says of what comes free of loss.
        shorter: What :func:`leastloss.report.numbers.differences` says of that.
        spread: What :func:`leastloss.report.numbers.means` says of spreads within a network.
        images: Recovery and granularity -> paths of the figures, relative to the page.
        csv: Path of the numbers as a table, relative to the page.
    """
    lines = [f"# {title}", "", question, ""]
    lines += [f"- {key}: {value}" for key, value in facts.items()]
    lines += [f"- all numbers: [{PurePosixPath(csv).name}]({csv})", ""]
    lines += [_legend(differences), ""]
    for group, paths in images.items():
        lines += [f"## {name_of(group)}", ""]
        for path in paths:
            lines += [f"![{title}: {name_of(group)}]({path})", ""]
        part, paired, kept, gained, apart = (
            rows[(rows[GROUP] == list(group)).all(axis=1)]
            for rows in (means, differences, free, shorter, spread)
        )
        for metric in part["quantity"].unique():
            lines += [*means_table(part[part["quantity"] == metric], metric), ""]
        first = paired[paired["against"].isin(paired["against"].head(1))]
        lines += [*folded("In words", _verdicts(first)), ""] if len(first) else []
        lines += differences_tables(paired, "removed")
        lines += [*free_table(kept), ""]
        lines += differences_tables(gained, "within")
        for metric in apart["quantity"].unique():
            lines += [*spread_table(apart[apart["quantity"] == metric], metric), ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip()) + "\n"


def place(text: str, name: str, made: str) -> str:
    r"""Put an entry where its markers are, or at the end; the rest of the text stays.

    Raises:
        InputError: If the markers do not come once each, in order.

    Example:
        >>> old = place("# Results", "a", "<!-- begin a -->\n1\n<!-- end a -->\n")
        >>> place(old, "a", "<!-- begin a -->\n2\n<!-- end a -->\n").splitlines()
        ['# Results', '', '<!-- begin a -->', '2', '<!-- end a -->']
    """
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->\n"
    text = f"{text.rstrip()}\n"
    if (text.count(begin), text.count(end)) == (0, 0):
        return f"{text}\n{made}"
    if (text.count(begin), text.count(end)) != (1, 1) or text.index(begin) > text.index(end):
        raise InputError(f"the markers of {name!r} must come once each, begin before end")
    return text[: text.index(begin)] + made + text[text.index(end) + len(end) :]


def name_of(group: Sequence[str]) -> str:
    """Spell a recovery and a granularity.

    Example:
        >>> name_of(("none", "weight"))
        'Weights, recovery none'
    """
    return f"{group[1].capitalize()}s" + (f", recovery {group[0]}" if group[0] else "")


def _legend(differences: pd.DataFrame) -> str:
    """What the tables say, and what so few seeds cannot show."""
    text = (
        "Mean over seeds with 95 % bootstrap interval, on the test images unless said; shares in "
        "per cent. "
        "Differences are paired by dense network; p is Wilcoxon's signed-rank test after Holm's "
        "correction over the arms of a column; **bold** where p is at most 0.05."
    )
    if len(differences):
        families = differences.groupby([*GROUP, "quantity", "at", "against"])["n"]
        family, least = int(families.size().max()), 2.0 ** (1 - int(differences["n"].max()))
        if family * least > LEVEL:
            most = int(LEVEL / least)  # arms of a column in which a difference can be shown
            text += (
                f" With {int(differences['n'].max())} seeds the smallest p in a column of m arms "
                f"is {least:.2g} m: none can be shown{f' where m is above {most}' if most else ''}."
            )
    return text


def _verdicts(rows: pd.DataFrame) -> list[str]:
    """One sentence per arm and reference, on the first metric."""
    metric = rows["quantity"].iloc[0]
    unit = " points" if metric_of(metric).is_share else ""
    lines = []
    for (method, reference), part in rows[rows["quantity"] == metric].groupby(
        ["method", "reference"], sort=False
    ):
        said: list[str] = []
        quiet: list[str] = []
        for _, row in part.iterrows():
            shown = row["holm"] <= LEVEL
            mean, bracket, ends = interval(row, metric, signed=True).partition(" [")
            figure = f"{mean}{unit}{bracket}{ends}"
            at = f"at {100 * row['at']:g} % removed {figure}, n = {row['n']}, p = {row['holm']:.2g}"
            verdict = "higher" if row["mean"] > 0 else "lower"
            (said if shown else quiet).append(f"{at}: {verdict}" if shown else at)
        if quiet:
            said.append("; ".join(quiet) + ": no difference shown")
        what = metric_of(metric).heading
        lines.append(f"- `{method}` − `{reference}`, {what}: {'; '.join(said)}.")
    return lines
