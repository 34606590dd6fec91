"""How numbers are written, on pages and in Markdown alike."""

from math import isfinite

from leastloss.evaluation import metric_of

WHOLE = ("bits", "bytes")
"""Units whose numbers are written without decimals."""


def number(value: float, quantity: str, signed: bool = False) -> str:
    """Format a value: shares in per cent, bits and bytes whole, others to their digits.

    Example:
        >>> number(0.84149, "accuracy"), number(-0.0312, "sparsity", signed=True)
        ('84.1', '−3.1')
        >>> number(12345.6, "bdm_bits"), number(float("nan"), "loss"), number(0.0312, "cev")
        ('12,346', '–', '0.0312')
    """
    if not isfinite(value):
        return "–"
    metric, sign = metric_of(quantity), "+" if signed else ""
    if metric.is_share:
        text = f"{100 * value:{sign}.1f}"
    elif abs(value) >= 1000 or metric.unit in WHOLE:
        text = f"{value:{sign},.0f}"
    else:
        text = f"{value:{sign}.{metric.digits}g}"
    if "e-" in text:
        return text
    return (text.lstrip("+-") if not text.strip("+-0.") else text).replace("-", "−")


def percent(share: float) -> str:
    """A share in per cent.

    Example:
        >>> percent(0.965), percent(0.9), percent(0.9951)
        ('96.5 %', '90 %', '99.51 %')
    """
    return f"{100 * share:.4g} %"


def heading(quantity: str) -> str:
    """The heading of a column of this quantity, with its unit.

    Example:
        >>> heading("compressed_bytes"), heading("minority_recall"), heading("sparsity")
        ('compressed size (bytes)', 'minority recall (%)', 'removed (%)')
    """
    words = "removed" if quantity == "sparsity" else metric_of(quantity).heading
    return f"{words} (%)" if metric_of(quantity).is_share else words
