"""Tables in Markdown from finished numbers."""

from math import isfinite

import pandas as pd

from leastloss.plots.words import is_share, words

LEVEL = 0.05
"""Differences whose p-value after Holm's correction is at most this are called shown."""

_UNITS = {"bdm_bits": "bits", "mask_sign_bits": "bits", "compressed_bytes": "bytes"}
_NAMES = {"mask_sign_bits": "mask and signs (bits)", "sparsity": "removed"}


def number(value: float, quantity: str, signed: bool = False) -> str:
    """Format a value: shares in per cent, sizes as whole numbers, anything else to three digits.

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
    if quantity not in _UNITS and abs(value) < 1000:
        return f"{value:{sign}.3g}"
    return f"{value:{sign},.0f}" if round(value) else "0"


def interval(row: pd.Series, quantity: str, signed: bool = False) -> str:
    """A mean with its interval."""
    mean = number(row["mean"], quantity, signed)
    if not isfinite(row["low"]):
        return mean
    return f"{mean} [{number(row['low'], quantity)}, {number(row['high'], quantity)}]"


def folded(summary: str, lines: list[str]) -> list[str]:
    """Lines behind a summary that opens them."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>"]


def _cells(rows: pd.DataFrame, head: str, points: list[float]) -> list[str]:
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
    note = f"{words(metric).capitalize()}{' (%)' if is_share(metric) else ''}, n = {ns[-1]}"
    points = sorted(set(rows["at"]))
    return [f"{note}:", "", *_cells(rows.assign(cell=cells), "removed", points)]


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
        name = _NAMES.get(metric, words(metric))
        note = f"{name[0].upper()}{name[1:]} minus that of `{against}`"
        if head == "within":
            note = f"Most removed, shortest: {note}"
        if is_share(metric) or metric == "sparsity":
            note += " (percentage points)"
        table = _cells(rows.assign(cell=cells), head, sorted(set(rows["at"])))
        lines += [*folded(note, table), ""]
    return lines


def free_table(rows: pd.DataFrame) -> list[str]:
    """How sparse and how short the networks of each arm get while (nearly) as good as dense."""
    lines: list[str] = []
    for x in sorted({float(at) for at in rows["at"]}):
        near = rows[rows["at"] == x]
        quantities = list(near["quantity"].unique())
        heads = [
            _NAMES.get(q, words(q)) + (" (%)" if is_share(q) or q == "sparsity" else "")
            for q in quantities
        ]
        kept = [words(q) for q in quantities if q not in ("sparsity", *_UNITS)]
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
    unit = " (percentage points)" if is_share(metric) else ""
    cells = [interval(row, metric) for _, row in rows.iterrows()]
    table = _cells(rows.assign(cell=cells), "removed", sorted(set(rows["at"])))
    return [f"{words(metric).capitalize()}, standard deviation within a network{unit}:", "", *table]
