"""The compare page: one HTML file that needs nothing else."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from leastloss.errors import InputError
from leastloss.evaluation.summary import POINTS, operating_points
from leastloss.plots.curves import COMPARED, seeds_note
from leastloss.plots.style import looks
from leastloss.report.svg import COLORS, inline_svg
from leastloss.report.tables import metric_tables


def compare_page(
    table: pd.DataFrame,
    figures: Mapping[str, Figure],
    *,
    title: str,
    facts: Mapping[str, object],
    command: str,
    links: Mapping[str, str] | None = None,
    metrics: Sequence[str] = COMPARED,
    at: Sequence[float] = POINTS,
    by: str = "criterion",
) -> str:
    """Write the page that compares methods.

    Args:
        table: One row per run and step: ``by``, seed, sparsity, the metrics.
        figures: Caption -> figure, in the order of the page.
        title: What was compared, in a few words.
        facts: What a reader needs to trust it: data set, network, seeds, commit, versions.
        command: The exact command that makes this comparison again.
        links: Words -> address of runs and files; relative, or http(s).
        metrics: Columns of the tables.
        at: Sparsities of the tables.
        by: Column that tells the methods apart.

    Returns:
        A complete HTML document. It loads nothing; everything given as text is escaped.

    Raises:
        InputError: If the table cannot be summarised (see
            :func:`leastloss.evaluation.summary.check_table`) or a link is of another kind.
    """
    for words, address in (links or {}).items():
        if urlsplit(address).scheme not in ("", "http", "https"):
            raise InputError(f"link {words!r} leads to {address!r}; it must be relative or http(s)")
    points = operating_points(table, at, metrics, by)
    dense = operating_points(table, [0.0], metrics, by)
    pages = Environment(
        loader=PackageLoader("leastloss.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = [
        (caption, Markup(inline_svg(figure, caption, f"f{i}")))  # its alt is escaped
        for i, (caption, figure) in enumerate(figures.items())
    ]
    return pages.get_template("compare.html").render(
        title=title,
        methods={n: COLORS.get(look.color, look.color) for n, look in looks(table[by]).items()},
        seeds=table["seed"].nunique(),
        seeds_note=seeds_note(points["n"]) if len(points) else "",
        at=", ".join(f"{100 * point:g} %" for point in at),
        facts=facts,
        figures=drawn,
        tables=metric_tables(points, dense, by),
        links=links or {},
        command=command,
    )
