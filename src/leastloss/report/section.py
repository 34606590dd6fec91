"""A study's section of RESULTS.md: Markdown from finished numbers."""

import re
from collections.abc import Mapping, Sequence
from math import isfinite

import pandas as pd

from leastloss.errors import InputError
from leastloss.plots.style import is_share, words
from leastloss.report.numbers import GROUP

LEVEL = 0.05
"""Differences whose p-value after Holm's correction is at most this are called shown."""

_UNITS = {"bdm_bits": "bits", "mask_sign_bits": "bits", "compressed_bytes": "bytes"}
_NAMES = {"mask_sign_bits": "mask and signs (bits)", "sparsity": "removed"}


def section(
    name: str,
    *,
    title: str,
    question: str,
    facts: Mapping[str, str],
    means: pd.DataFrame,
    differences: pd.DataFrame,
    free: pd.DataFrame,
    shorter: pd.DataFrame,
    images: Mapping[tuple[str, str], Sequence[str]],
    csv: str,
) -> str:
    """Write the section, between the markers that :func:`place` looks for.

    Args:
        name: Its anchor.
        title: Its heading.
        question: What was asked.
        facts: What made it: words -> Markdown.
        means: What :func:`leastloss.report.numbers.means` says of the metrics; the dense network
            may be a method of its own, at 0.
        differences: What :func:`leastloss.report.numbers.differences` says of them.
        free: What :func:`leastloss.report.numbers.means` says of what comes free of loss.
        shorter: What :func:`leastloss.report.numbers.differences` says of that.
        images: Recovery and granularity -> paths of the figures, relative to RESULTS.md.
        csv: Path of the numbers as a table, relative to RESULTS.md.
    """
    lines = [f'<a id="{name}"></a>', "", f"## {title}", "", question, ""]
    lines += [f"- {key}: {value}" for key, value in facts.items()]
    lines += [f"- all numbers: [{csv}]({csv})", ""]
    lines += [_legend(differences), ""]
    for group, paths in images.items():
        lines += [f"### {name_of(group)}", ""]
        for path in paths:
            lines += [f"![{title}: {name_of(group)}]({path})", ""]
        part, paired, kept = (
            rows[(rows[GROUP] == list(group)).all(axis=1)] for rows in (means, differences, free)
        )
        for metric in part["quantity"].unique():
            lines += [*_table(part[part["quantity"] == metric], metric), ""]
        lines += [*_folded("In words", _verdicts(paired)), ""] if len(paired) else []
        lines += _differences(paired, "removed")
        lines += [*_free(kept), ""]
        gained = shorter[(shorter[GROUP] == list(group)).all(axis=1)]
        lines += _differences(gained, "within")
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip())
    return f"<!-- begin {name} -->\n{text}\n<!-- end {name} -->\n"


def place(text: str, name: str, made: str) -> str:
    r"""Put a section where its markers are, or at the end; the rest of the text stays.

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


def name_of(group: tuple[str, ...]) -> str:
    """Spell a recovery and a granularity.

    Example:
        >>> name_of(("none", "weight"))
        'Weights, recovery none'
    """
    return f"{group[1].capitalize()}s, recovery {group[0]}"


def number(value: float, quantity: str, signed: bool = False) -> str:
    """Format a value: shares in per cent, sizes as whole numbers, anything else to four digits.

    Example:
        >>> number(0.0312, "accuracy", signed=True), number(12345.6, "bdm_bits")
        ('+3.1', '12,346')
    """
    if not isfinite(value):
        return "–"
    sign = "+" if signed else ""
    if is_share(quantity) or quantity == "sparsity":
        text = f"{100 * value:{sign}.1f}"
        return text.lstrip("+-") if float(text) == 0 else text
    return f"{value:{sign},.0f}" if quantity in _UNITS else f"{value:{sign}.4g}"


def _interval(row: pd.Series, quantity: str, signed: bool = False) -> str:
    mean = number(row["mean"], quantity, signed)
    if not isfinite(row["low"]):
        return mean
    return f"{mean} [{number(row['low'], quantity)}, {number(row['high'], quantity)}]"


def _legend(differences: pd.DataFrame) -> str:
    """What the tables say, and what so few seeds cannot show."""
    text = (
        "Mean over seeds with 95 % bootstrap interval, on the test images; shares in per cent. "
        "Differences are paired by dense network; p is Wilcoxon's signed-rank test after Holm's "
        "correction over the arms of a column; **bold** where p is at most 0.05."
    )
    if len(differences):
        family = int(differences.groupby([*GROUP, "quantity", "at", "against"]).size().max())
        least = min(1.0, family * 2.0 ** (1 - int(differences["n"].max())))
        if least > LEVEL:
            text += (
                f" With so few seeds ({int(differences['n'].max())}) for the arms of a column "
                f"({family}) the smallest p that can be reached is {least:.2g}: none can be shown."
            )
    return text


def _folded(summary: str, lines: list[str]) -> list[str]:
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>"]


def _cells(rows: pd.DataFrame, head: str, points: list[float]) -> list[str]:
    """A Markdown table: a row per method, a column per point; ``cell`` is what stands in it."""
    lines = [f"| {head} | " + " | ".join(f"{100 * p:g} %" for p in points) + " |"]
    lines += ["|---|" + "---|" * len(points)]
    for method, part in rows.groupby("method", sort=False):
        cells = dict(zip(part["at"], part["cell"], strict=True))
        lines.append(f"| `{method}` | " + " | ".join(cells.get(p, "") for p in points) + " |")
    return lines


def _table(rows: pd.DataFrame, metric: str) -> list[str]:
    ns = sorted(set(rows["n"]))
    cells = [
        _interval(row, metric) + (f" (n = {row['n']})" if row["n"] != ns[-1] else "")
        for _, row in rows.iterrows()
    ]
    note = f"{words(metric).capitalize()}{' (%)' if is_share(metric) else ''}, n = {ns[-1]}"
    points = sorted(set(rows["at"]))
    return [f"{note}:", "", *_cells(rows.assign(cell=cells), "removed", points)]


def _differences(differences: pd.DataFrame, head: str) -> list[str]:
    """A folded table per metric and reference; columns are sparsities, or losses of accuracy."""
    lines: list[str] = []
    for key, rows in differences.groupby(["quantity", "against"], sort=False):
        metric, against = map(str, key)
        cells = []
        for _, row in rows.iterrows():
            text = f"{_interval(row, metric, signed=True)}, p = {row['holm']:.2g}"
            cells.append(f"**{text}**" if row["holm"] <= LEVEL else text)
        name = _NAMES.get(metric, words(metric))
        note = f"{name[0].upper()}{name[1:]} minus that of `{against}`"
        if head == "within":
            note = f"Most removed, shortest: {note}"
        if is_share(metric) or metric == "sparsity":
            note += " (percentage points)"
        table = _cells(rows.assign(cell=cells), head, sorted(set(rows["at"])))
        lines += [*_folded(note, table), ""]
    return lines


def _verdicts(rows: pd.DataFrame) -> list[str]:
    """One sentence per arm and reference, on the first metric."""
    metric = rows["quantity"].iloc[0]
    unit = " points" if is_share(metric) else ""
    lines = []
    for (method, reference), part in rows[rows["quantity"] == metric].groupby(
        ["method", "reference"], sort=False
    ):
        said: list[str] = []
        quiet: list[str] = []
        for _, row in part.iterrows():
            shown = row["holm"] <= LEVEL
            mean, bracket, ends = _interval(row, metric, signed=True).partition(" [")
            figure = f"{mean}{unit}{bracket}{ends}"
            at = f"at {100 * row['at']:g} % removed {figure}, n = {row['n']}, p = {row['holm']:.2g}"
            verdict = "higher" if row["mean"] > 0 else "lower"
            (said if shown else quiet).append(f"{at}: {verdict}" if shown else at)
        if quiet:
            said.append("; ".join(quiet) + ": no difference shown")
        lines.append(f"- `{method}` − `{reference}`, {words(metric)}: {'; '.join(said)}.")
    return lines


def _free(rows: pd.DataFrame) -> list[str]:
    """How sparse and how short the networks of each arm get at (nearly) the dense accuracy."""
    if rows.empty:
        return []
    columns = list(dict.fromkeys(zip(rows["at"], rows["quantity"], strict=True)))
    heads = []
    for x, quantity in columns:
        name = _NAMES.get(quantity, words(quantity))
        unit = " (%)" if quantity == "sparsity" else ""
        heads.append(f"{name}{unit}, within {100 * x:g}")
    lines = ["Most removed, and shortest description, with accuracy within so many points of dense"]
    lines[0] += " (*: for so many seeds no pruned network is, and the dense one counts):"
    lines += ["", "| | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    for method, part in rows.groupby("method", sort=False):
        cells = {}
        for _, row in part.iterrows():
            star = f" (*{row['only_dense']})" if row["only_dense"] else ""
            cells[row["at"], row["quantity"]] = _interval(row, row["quantity"]) + star
        lines.append(f"| `{method}` | " + " | ".join(cells.get(c, "–") for c in columns) + " |")
    return lines
