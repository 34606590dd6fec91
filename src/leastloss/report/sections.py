"""What a report says, whatever it is written in: sections of sentences, tables and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias, TypeVar

from matplotlib.figure import Figure

T = TypeVar("T")

TIGHT = 6
"""Columns, beside the first, from which on a table is set in smaller letters."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One entry of a table.

    Attributes:
        value: What it says.
        ends: Ends of its interval, if it has one.
        notes: What else it says: a count, p, where it was measured.
        best: Whether it is marked, because it is shown to be better than what it is held against.
        bold: Whether it is set in bold, because it is shown to differ.
        left: Whether it is a word among numbers, which starts at the left.
        shade: How strongly it is coloured, in [0, 1]; None: not.
    """

    value: str = "–"
    ends: tuple[str, str] | None = None
    notes: Sequence[str] = ()
    best: bool = False
    bold: bool = False
    left: bool = False
    shade: float | None = None

    @property
    def small(self) -> str:
        r"""What stands under the value in small letters.

        Example:
            >>> Cell(ends=("−2.0", "1.0"), notes=["p = 1"]).small, Cell(ends=("1", "2")).small
            ('−2.0 to 1.0\np = 1', '1–2')
        """
        joint = " to " if self.ends and self.ends[0].startswith("−") else "–"
        return "\n".join([*([joint.join(self.ends)] if self.ends else []), *self.notes])

    @property
    def line(self) -> str:
        """All of it in one line.

        Example:
            >>> Cell(value="+0.1", ends=("−2.0", "1.0"), notes=["p = 1"]).line
            '+0.1 [−2.0, 1.0], p = 1'
        """
        ends = [f"{self.value} [{', '.join(self.ends)}]"] if self.ends else [self.value]
        return ", ".join([*ends, *self.notes])


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

    kind: ClassVar[str] = "table"
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
        columns = [
            max([10, *(len(cell.value) + 2 for cell in column)]) for column in self._columns()
        ]
        return sum(columns) + min(24, max(map(len, self.rows), default=0)) > 52

    @property
    def tight(self) -> bool:
        """Whether a whole page is too narrow for its columns in letters of the usual size."""
        return len(self.head) >= TIGHT

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """Each heading, and whether it starts at the left, as all cells under it do."""
        left = [bool(column) and all(cell.left for cell in column) for column in self._columns()]
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

    kind: ClassVar[str] = "figure"
    figure: Figure
    caption: str
    alt: str = ""


@dataclass(frozen=True)
class Image:
    """A figure that stands in a file of its own, by its path from the report."""

    kind: ClassVar[str] = "image"
    path: str
    alt: str


@dataclass(frozen=True)
class Sentences:
    """A list of sentences; with a title it opens on a click."""

    kind: ClassVar[str] = "sentences"
    texts: Sequence[str]
    title: str = ""


@dataclass(frozen=True)
class Facts:
    """Name -> value."""

    kind: ClassVar[str] = "facts"
    values: Mapping[str, object]


@dataclass(frozen=True)
class Commands:
    """Name -> command to copy; several open on a click."""

    kind: ClassVar[str] = "commands"
    values: Mapping[str, str]


Block: TypeAlias = str | Sentences | Grid | Drawn | Image | Facts | Commands
"""A part of a section; text is a paragraph, `words` in backquotes are set as code."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of a report.

    Attributes:
        anchor: Its address in the page.
        title: Its heading.
        blocks: What it says, in order.
        folded: Whether it opens on a click.
    """

    anchor: str
    title: str
    blocks: Sequence[Block]
    folded: bool = True

    def all(self, kind: type[T]) -> list[T]:
        """Its blocks of one kind."""
        return [block for block in self.blocks if isinstance(block, kind)]
