"""The page of ``compare``: one self-contained HTML file."""

import re
from collections.abc import Sequence
from html import escape as attribute
from io import StringIO
from itertools import groupby
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from matplotlib import rc_context
from matplotlib.figure import Figure

from leastloss.errors import InputError
from leastloss.plots import INK, QUIET, RULE, looks
from leastloss.report.comparison import Comparison, sections_of
from leastloss.report.sections import Block, Drawn, Grid

COLORS = {INK: "var(--ink)", QUIET: "var(--quiet)", RULE: "var(--rule)", "#ffffff": "var(--card)"}
"""Neutral colours of the figures and the page's names for them, so that both turn dark."""

_REFERENCE = re.compile(r'(id="|href="#|url\(#)([^")]+)')
_SHAPE = re.compile(r' (?:d|x|y|width|height|transform)="[^"]*"')
_DIGITS = re.compile(r"(\d\.\d\d)\d+")
_JOINT = re.compile(r"[,+@:/]+(?=\S)")
_CODE = re.compile(r"`([^`]*)`")


def compare_page(comparison: Comparison) -> str:
    """Write the page that compares methods.

    Args:
        comparison: The runs, figures and facts of the page.

    Returns:
        A complete HTML document. It loads nothing; everything given as text is escaped.

    Raises:
        InputError: If the table cannot be summarised (see
            :func:`leastloss.evaluation.summary.check_table`) or a link is of another kind.
    """
    for words, address in comparison.links.items():
        if urlsplit(address).scheme not in ("", "http", "https"):
            raise InputError(f"link {words!r} leads to {address!r}; it must be relative or http(s)")
    sections = sections_of(comparison)
    pages = Environment(
        loader=PackageLoader("leastloss.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"coded": coded, "breakable": breakable, "drawn": drawn, "together": together}
    styles = looks(comparison.table[comparison.by])
    return pages.get_template("compare.html").render(
        title=comparison.title,
        colors={name: COLORS.get(look.color, look.color) for name, look in styles.items()},
        controls=[name for name, look in styles.items() if look.control],
        seeds=comparison.table["seed"].nunique(),
        sentence=sections[0].all(str)[0],
        panels=sections[0].all(Drawn),
        table=sections[0].all(Grid),
        sections=sections[1:],
        links=comparison.links,
        command=comparison.command,
    )


def together(blocks: Sequence[Block]) -> list[tuple[str, list[Block]]]:
    """Group consecutive blocks of one kind, each group with its kind.

    Example:
        >>> together(["one", "two"])
        [('text', ['one', 'two'])]
    """
    kinds = groupby(blocks, key=lambda block: "text" if isinstance(block, str) else block.kind)
    return [(kind, list(group)) for kind, group in kinds]


def drawn(block: Drawn, prefix: str) -> Markup:
    """A figure as inline SVG; the prefix must be unique in the page."""
    return Markup(inline_svg(block.figure, block.alt or block.caption, prefix))


def coded(text: str) -> Markup:
    """Set text in backquotes as code; escape everything else.

    Example:
        >>> coded("`nc` < 1")
        Markup('<code>nc</code> &lt; 1')
    """
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def breakable(text: str) -> Markup:
    """Allow line breaks between the parts of a name without spaces.

    Example:
        >>> breakable("nc:k=3<4")
        Markup('nc:<wbr>k=3&lt;4')
    """
    parts = [escape(part) for part in _JOINT.sub(lambda joint: f"{joint[0]}\0", text).split("\0")]
    return Markup("<wbr>").join(parts)


def inline_svg(figure: Figure, alt: str, prefix: str) -> str:
    """Draw a figure as an SVG element for an HTML page.

    Text stays text, for search and screen readers; coordinates are rounded to 0.01 points.

    Args:
        figure: What to draw.
        alt: The alternative text.
        prefix: Prefix of all ids, unique in the page: ids of two figures must not clash.

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
    assert viewbox is not None  # Matplotlib always writes one
    head = f'<svg role="img" aria-label="{attribute(alt)}" viewBox="{viewbox[1]}">'
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
