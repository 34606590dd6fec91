"""The compare page: one HTML file that needs nothing else."""

import re
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from leastloss.errors import InputError
from leastloss.plots import looks
from leastloss.report.comparison import Comparison, sections_of
from leastloss.report.svg import COLORS, inline_svg

_JOINT = re.compile(r"[,+@:/]+(?=\S)")
_CODE = re.compile(r"`([^`]*)`")


def compare_page(given: Comparison) -> str:
    """Write the page that compares methods.

    Args:
        given: What is compared, with its figures and all else that the page tells.

    Returns:
        A complete HTML document. It loads nothing; everything given as text is escaped.

    Raises:
        InputError: If the table cannot be summarised (see
            :func:`leastloss.evaluation.summary.check_table`) or a link is of another kind.
    """
    for words, address in given.links.items():
        if urlsplit(address).scheme not in ("", "http", "https"):
            raise InputError(f"link {words!r} leads to {address!r}; it must be relative or http(s)")
    sections = sections_of(given)
    pages = Environment(
        loader=PackageLoader("leastloss.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"coded": coded, "breakable": breakable}
    drawn = {
        section.anchor: [
            (
                one.caption,
                Markup(inline_svg(one.figure, one.alt or one.caption, f"{section.anchor}{i}")),
            )
            for i, one in enumerate(section.figures)
        ]
        for section in sections
    }
    seeds = given.table["seed"].nunique()
    styles = looks(given.table[given.by])
    return pages.get_template("compare.html").render(
        title=given.title,
        colors={name: COLORS.get(look.color, look.color) for name, look in styles.items()},
        controls=[name for name, look in styles.items() if look.control],
        seeds=seeds,
        answer=sections[0],
        sections=sections[1:],
        drawn=drawn,
        links=given.links,
        command=given.command,
    )


def coded(text: str) -> Markup:
    """Set what stands in backquotes as code; all else is escaped.

    Example:
        >>> coded("`nc` < 1")
        Markup('<code>nc</code> &lt; 1')
    """
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def breakable(text: str) -> Markup:
    """Let a name without spaces go on in the next line, rather between its parts than in a word.

    Example:
        >>> breakable("nc:k=3<4")
        Markup('nc:<wbr>k=3&lt;4')
    """
    parts = [escape(part) for part in _JOINT.sub(lambda joint: f"{joint[0]}\0", text).split("\0")]
    return Markup("<wbr>").join(parts)
