"""Figures as files."""

from io import BytesIO

from matplotlib import rc_context
from matplotlib.figure import Figure


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
