"""The parts of a report, independent of its format: sections, sentences, tables, figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias, TypeVar

from matplotlib.figure import Figure

T = TypeVar("T")

TIGHT = 6
"""Tables with so many columns or more, the first not counted, have smaller letters."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One entry of a table.

    Attributes:
        value: Its text.
        ends: The ends of its interval, if any.
        notes: Additions: a count, p, where it was measured.
        best: Whether it is marked as significantly better.
        bold: Whether it is set in bold as a significant difference.
        left: Whether it is text, aligned to the left.
        shade: Strength of its colour, in [0, 1]; None: no colour.
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
        r"""The small print under the value.

        Example:
            >>> Cell(ends=("−2.0", "1.0"), notes=["p = 1"]).small, Cell(ends=("1", "2")).small
            ('−2.0 to 1.0\np = 1', '1–2')
        """
        joint = " to " if self.ends and self.ends[0].startswith("−") else "–"
        return "\n".join([*([joint.join(self.ends)] if self.ends else []), *self.notes])

    @property
    def line(self) -> str:
        """Value, interval and notes in one line.

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
        caption: Its caption, read out before the table.
        unit: The unit of its values, if they share one.
        first: Heading of the first column.
        head: Headings of the others.
        rows: Method -> its cells.
        dense: The cell of the dense network, which spans all columns; may be None.
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
        """Whether half a page is too narrow for it, at ten letters per cell or more."""
        columns = [
            max([10, *(len(cell.value) + 2 for cell in column)]) for column in self._columns()
        ]
        return sum(columns) + min(24, max(map(len, self.rows), default=0)) > 52

    @property
    def tight(self) -> bool:
        """Whether it needs smaller letters to fit a page."""
        return len(self.head) >= TIGHT

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """The headings, each with whether it is aligned to the left, as all its cells are."""
        left = [bool(column) and all(cell.left for cell in column) for column in self._columns()]
        return list(zip(self.head, left, strict=True))

    def _columns(self) -> list[list[Cell]]:
        return [[cells[i] for cells in self.rows.values()] for i in range(len(self.head))]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One figure.

    Attributes:
        figure: The figure.
        caption: Its caption.
        alt: Its alternative text; empty: the caption.
    """

    kind: ClassVar[str] = "figure"
    figure: Figure
    caption: str
    alt: str = ""


@dataclass(frozen=True)
class Image:
    """A figure in a file, by its path relative to the report."""

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
"""A part of a section; a string is a paragraph, with `code` in backquotes."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of a report.

    Attributes:
        anchor: Its address in the page.
        title: Its heading.
        blocks: Its content, in order.
        folded: Whether it opens on a click.
    """

    anchor: str
    title: str
    blocks: Sequence[Block]
    folded: bool = True

    def all(self, kind: type[T]) -> list[T]:
        """Its blocks of one kind."""
        return [block for block in self.blocks if isinstance(block, kind)]
