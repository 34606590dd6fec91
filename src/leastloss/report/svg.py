"""A figure as SVG that stands inside a page and takes the page's colours and letters."""

import re
from html import escape
from io import StringIO

from matplotlib import rc_context
from matplotlib.figure import Figure

from leastloss.plots import INK, QUIET, RULE

COLORS = {INK: "var(--ink)", QUIET: "var(--quiet)", RULE: "var(--rule)", "#ffffff": "var(--card)"}
"""Neutral colours of the figures and the page's names for them, so that both turn dark."""

_REFERENCE = re.compile(r'(id="|href="#|url\(#)([^")]+)')
_SHAPE = re.compile(r' (?:d|x|y|width|height|transform)="[^"]*"')
_DIGITS = re.compile(r"(\d\.\d\d)\d+")


def inline_svg(figure: Figure, alt: str, prefix: str) -> str:
    """Draw a figure as an SVG element for an HTML page.

    Words stay words, to be searched and read out; places are rounded to a hundredth of a point.

    Args:
        figure: What to draw.
        alt: What the figure shows, for those who cannot see it.
        prefix: Unique in the page; it starts every id, which would otherwise meet in two figures.

    Returns:
        The element, without XML prologue and metadata; equal figures give equal text.

    Example:
        >>> inline_svg(Figure(), "nothing <yet>", "f1")[:56]
        '<svg role="img" aria-label="nothing &lt;yet&gt;" viewBox'
    """
    buffer = StringIO()
    with rc_context({"svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    drawn = buffer.getvalue()
    drawn = drawn[drawn.index("<svg") :].strip()
    drawn = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", drawn, flags=re.DOTALL)
    viewbox = re.search(r'viewBox="([^"]*)"', drawn)
    assert viewbox is not None  # matplotlib writes one always
    head = f'<svg role="img" aria-label="{escape(alt)}" viewBox="{viewbox[1]}">'
    drawn = re.sub(r"<svg[^>]*>", lambda _: head, drawn, count=1)
    drawn = _SHAPE.sub(lambda shape: _DIGITS.sub(r"\1", shape[0]), drawn)
    drawn = re.sub(r"\n\s*", "\n", drawn)
    for color, name in COLORS.items():
        drawn = drawn.replace(color, name)
    # Matplotlib's ids hold a random salt: number them instead.
    numbers: dict[str, str] = {}
    return _REFERENCE.sub(
        lambda m: m[1] + numbers.setdefault(m[2], f"{prefix}-{len(numbers)}"), drawn
    )
