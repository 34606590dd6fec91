"""What a page is made of: sections of tables, figures and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matplotlib.figure import Figure

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
        folded: Whether it opens on a click.
    """

    anchor: str
    title: str
    lead: Sequence[str] = ()
    figures: Sequence[Drawn] = ()
    grids: Sequence[Grid] = ()
    code: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    notes: Sequence[str] = ()
    folded: bool = True
