"""Tables in Markdown from finished numbers."""

import re

import pandas as pd

from leastloss.evaluation import LEVEL, metric_of
from leastloss.report.formats import WHOLE, heading, interval


def folded(summary: str, lines: list[str]) -> list[str]:
    """Lines behind a summary that opens them.

    No Markdown is read within ``<summary>``: names in backticks become HTML.

    Example:
        >>> folded("Minus `nc`", ["text"])[0]
        '<details><summary>Minus <code>nc</code></summary>'
    """
    summary = re.sub(r"`([^`]*)`", r"<code>\1</code>", summary)
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>"]


def rows_of_cells(rows: pd.DataFrame, head: str, points: list[float]) -> list[str]:
    """A Markdown table: a row per method, a column per point; ``cell`` is what stands in it."""
    lines = [f"| {head} | " + " | ".join(f"{100 * p:g} %" for p in points) + " |"]
    lines += ["|---|" + "---|" * len(points)]
    for method, part in rows.groupby("method", sort=False):
        cells = dict(zip(part["at"], part["cell"], strict=True))
        lines.append(f"| `{method}` | " + " | ".join(cells.get(p, "") for p in points) + " |")
    return lines


def means_table(rows: pd.DataFrame, metric: str) -> list[str]:
    """Means of one metric: a row per method, a column per sparsity."""
    ns = sorted(set(rows["n"]))
    cells = [
        interval(row, metric) + (f" (n = {row['n']})" if row["n"] != ns[-1] else "")
        for _, row in rows.iterrows()
    ]
    note = f"{heading(metric).capitalize()}, n = {ns[-1]}"
    points = sorted(set(rows["at"]))
    return [f"{note}:", "", *rows_of_cells(rows.assign(cell=cells), "removed", points)]


def differences_tables(differences: pd.DataFrame, head: str) -> list[str]:
    """A folded table per metric and reference; columns are sparsities, or losses of accuracy."""
    lines: list[str] = []
    for key, rows in differences.groupby(["quantity", "against"], sort=False):
        metric, against = map(str, key)
        if (rows["mean"] == 0).all():
            continue  # nothing to tell
        cells = []
        for _, row in rows.iterrows():
            text = f"{interval(row, metric, signed=True)}, p = {row['holm']:.2g}"
            cells.append(f"**{text}**" if row["holm"] <= LEVEL else text)
        name = heading(metric).removesuffix(" (%)")
        note = f"{name[0].upper()}{name[1:]} minus that of `{against}`"
        if head == "within":
            note = f"Most removed, shortest: {note}"
        if metric_of(metric).is_share:
            note += " (percentage points)"
        table = rows_of_cells(rows.assign(cell=cells), head, sorted(set(rows["at"])))
        lines += [*folded(note, table), ""]
    return lines


def free_table(rows: pd.DataFrame) -> list[str]:
    """How sparse and how short the networks of each arm get while (nearly) as good as dense."""
    lines: list[str] = []
    for x in sorted({float(at) for at in rows["at"]}):
        near = rows[rows["at"] == x]
        quantities = list(near["quantity"].unique())
        heads = [heading(quantity) for quantity in quantities]
        lengths = [q for q in quantities if metric_of(q).unit in WHOLE]
        kept = [metric_of(q).words for q in quantities if q not in ("sparsity", *lengths)]
        first = f"{' or '.join(kept)} on the validation images"
        lines += [f"Before {first} falls by more than {100 * x:g} points"]
        lines[-1] += " (*: so many seeds' is the dense network's):"
        lines += ["", "| | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
        for method, part in near.groupby("method", sort=False):
            cells = {}
            for _, row in part.iterrows():
                star = f" (*{row['only_dense']})" if row["only_dense"] else ""
                cells[row["quantity"]] = interval(row, row["quantity"]) + star
            shown = [cells.get(quantity, "–") for quantity in quantities]
            lines.append(f"| `{method}` | " + " | ".join(shown) + " |")
        lines.append("")
    return lines


def spread_table(rows: pd.DataFrame, metric: str) -> list[str]:
    """Spreads within one network: a row per group of arms, a column per sparsity."""
    unit = " (percentage points)" if metric_of(metric).is_share else ""
    cells = [interval(row, metric) for _, row in rows.iterrows()]
    table = rows_of_cells(rows.assign(cell=cells), "removed", sorted(set(rows["at"])))
    what = metric_of(metric).heading.capitalize()
    return [f"{what}, standard deviation within a network{unit}:", "", *table]
