"""Figures as files."""

from io import BytesIO

from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

SMALL = 60_000
"""Bytes up to which a published figure is an SVG."""

_COLOURS = 64  # of a compact PNG: lines, bands and letters of a figure need no more


def render(figure: Figure, kind: str = "png") -> bytes:
    r"""Draw a figure into the bytes of a file.

    Args:
        figure: Any figure.
        kind: ``png``, ``svg`` or ``pdf``; without the date, so that equal figures give equal bytes.

    Example:
        >>> render(Figure()).startswith(b"\x89PNG")
        True
    """
    buffer = BytesIO()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    with rc_context({"svg.hashsalt": "leastloss"}):  # or its ids are random
        figure.savefig(buffer, format=kind, bbox_inches="tight", metadata=metadata)
    return buffer.getvalue()


def render_compact(figure: Figure) -> tuple[bytes, str]:
    """Draw a figure for a repository, which keeps every version of every file.

    Returns:
        The bytes and the ending of the file: an SVG of up to :data:`SMALL` bytes, else a PNG of 64
        colours. Equal figures give equal bytes.

    Example:
        >>> render_compact(Figure())[1]
        'svg'
    """
    drawn = render(figure, "svg")
    return (drawn, "svg") if len(drawn) <= SMALL else (compact_png(render(figure)), "png")


def compact_png(png: bytes) -> bytes:
    """The same picture with a palette of 64 colours: a quarter of the bytes, as sharp as before.

    Example:
        >>> drawn = render(Figure(facecolor="red"))
        >>> len(compact_png(drawn)) < len(drawn)
        True
    """
    picture = Image.open(BytesIO(png)).convert("RGB")
    few = picture.quantize(
        _COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
    )
    buffer = BytesIO()
    few.save(buffer, "png", optimize=True)
    return buffer.getvalue()
