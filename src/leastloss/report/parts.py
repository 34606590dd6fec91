"""What a page is made of: sections of tables, figures and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

from matplotlib.figure import Figure

from leastloss.plots.words import is_share

TIGHT = 6
"""Columns, beside the first, from which on a table is set in smaller letters."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One entry of a table.

    Attributes:
        value: What it says.
        small: What stands under it in small letters: an interval, a count.
        best: Whether it is marked, because it is shown to be better than what it is held against.
        bold: Whether it is set in bold, because it is shown to differ.
        left: Whether it is a word among numbers, which starts at the left.
        shade: How strongly it is coloured, in [0, 1]; None: not.
    """

    value: str = "–"
    small: str = ""
    best: bool = False
    bold: bool = False
    left: bool = False
    shade: float | None = None


@dataclass(frozen=True, kw_only=True)
class Grid:
    """One table: a row for each method, a column for each point or quantity.

    Attributes:
        caption: What it shows; read out before the table.
        unit: Of its values, if they share one.
        first: Heading of the first column.
        head: Headings of the others.
        rows: Method -> its cells.
        dense: The dense network's cell, over all columns, if it has one.
        folded: Whether it opens on a click.
    """

    caption: str
    head: Sequence[str]
    rows: Mapping[str, Sequence[Cell]]
    unit: str = ""
    first: str = "method"
    dense: Cell | None = None
    folded: bool = False

    @property
    def wide(self) -> bool:
        """Whether half a page is too narrow for it: a cell has ten letters or more."""
        columns = [max([10, *(len(cell.value) + 2 for cell in one)]) for one in self._columns()]
        return sum(columns) + min(24, max(map(len, self.rows), default=0)) > 52

    @property
    def tight(self) -> bool:
        """Whether a whole page is too narrow for its columns in letters of the usual size."""
        return len(self.head) >= TIGHT

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """Each heading, and whether it starts at the left, as all cells under it do."""
        left = [bool(one) and all(cell.left for cell in one) for one in self._columns()]
        return list(zip(self.head, left, strict=True))

    def _columns(self) -> list[list[Cell]]:
        return [[cells[i] for cells in self.rows.values()] for i in range(len(self.head))]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One figure.

    Attributes:
        figure: The figure.
        caption: What stands under it.
        alt: What it shows, for those who cannot see it; empty: the caption.
    """

    figure: Figure
    caption: str
    alt: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of the page.

    Attributes:
        anchor: Its address in the page.
        title: Its heading.
        lead: Paragraphs before its tables and figures; `words` in backquotes are set as code.
        figures: Its figures.
        grids: Its tables.
        code: Name -> commands to copy, each of which opens on a click.
        facts: Name -> value.
        notes: Paragraphs at its end.
    """

    anchor: str
    title: str
    lead: Sequence[str] = ()
    figures: Sequence[Drawn] = ()
    grids: Sequence[Grid] = ()
    code: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    notes: Sequence[str] = ()


def number(value: float, quantity: str, signed: bool = False) -> str:
    """Format a value: shares and sparsities in per cent, anything else to four digits.

    Example:
        >>> number(0.84149, "accuracy"), number(-0.0312, "sparsity", signed=True)
        ('84.1', '−3.1')
        >>> (
        ...     number(12345.6, "bdm_bits"),
        ...     number(float("nan"), "loss"),
        ...     number(0.0312, "score_seconds"),
        ... )
        ('12,346', '–', '0.0312')
    """
    if not isfinite(value):
        return "–"
    sign = "+" if signed else ""
    if in_percent(quantity):
        text = f"{100 * value:{sign}.1f}"
        text = text.lstrip("+-") if float(text) == 0 else text
    elif abs(value) >= 1000:
        text = f"{value:{sign},.0f}"
    else:
        text = f"{value:{sign}.4g}" if quantity not in _SHORT else f"{value:{sign}.3g}"
    return text.replace("-", "−") if "e-" not in text else text


def in_percent(quantity: str) -> bool:
    """Whether a quantity is a share that is shown in per cent."""
    return is_share(quantity) or quantity in _PERCENT


_PERCENT = ("sparsity",)
_SHORT = ("score_seconds", "cev", "sde")


def percent(share: float) -> str:
    """A sparsity as words give it.

    Example:
        >>> percent(0.965), percent(0.9), percent(0.9951)
        ('96.5 %', '90 %', '99.51 %')
    """
    return f"{100 * share:.4g} %"


def span(low: float, high: float, quantity: str) -> str:
    """An interval; empty where there is none.

    Example:
        >>> span(0.8, 0.9, "accuracy"), span(float("nan"), float("nan"), "accuracy")
        ('80.0–90.0', '')
        >>> span(-0.02, 0.01, "accuracy")
        '−2.0 to 1.0'
    """
    if not isfinite(low):
        return ""
    joint = " to " if low < 0 else "–"
    return f"{number(low, quantity)}{joint}{number(high, quantity)}"
