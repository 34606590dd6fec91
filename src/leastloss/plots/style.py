"""What all figures share: a look for every method, percent axes, quiet frames.

Figures are made without pyplot, so they need no display and no global state.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any
from zlib import crc32

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator, PercentFormatter

from leastloss.controls import is_control
from leastloss.errors import InputError
from leastloss.evaluation import metric_of

INK, QUIET, RULE = "#1f2328", "#6b7280", "#e3e6ea"
"""Text, secondary text and reference lines, grid; the page maps them to its own colours."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one method is drawn, in every figure: colour, marker and dash pattern."""

    color: str
    marker: str
    dashes: tuple[float, ...] = ()  # on and off lengths in line widths; () is a solid line
    control: bool = False  # drawn thin, behind the others


# Okabe and Ito's colours, told apart with any common form of colour blindness, and by marker
# and dash in print. Both forms of MILS are blue.
METHODS: dict[str, Look] = {
    "nc": Look(color="#D55E00", marker="o"),
    "mils-bdm": Look(color="#0072B2", marker="s"),
    "mils-entropy": Look(color="#56B4E9", marker="^", dashes=(4, 1.5)),
    "magnitude": Look(color="#009E73", marker="D", dashes=(6, 1.5, 1.5, 1.5)),
    "random": Look(color="#CC79A7", marker="X", dashes=(1.5, 1.5)),
    "dense": Look(color=INK, marker="P"),
}
# For all others: seen on white as on dark grey; then the same, darker and lighter.
_COLORS = ("#E69F00", "#A0522D", "#44AA99", "#7B61C9", "#999933", "#B5428E", "#5B7C99")
_TONES: tuple[tuple[float, str, tuple[float, ...]], ...] = (
    (0.0, "v", ()),
    (-0.35, "<", (3, 1)),
    (0.4, ">", (1, 1)),
    (-0.6, "p", (5, 1, 1, 1)),
)
_GREYS = ("#8a8f98", "#a3a9b2", "#767d88")
_CONTROL_MARKERS = "Xs*P^vDd"
_CONTROL_DASHES = ((2, 2), (4, 2), (1, 1.5))


def _toned(color: str, tone: float) -> str:
    """A colour mixed with white (tone above 0) or black."""
    end = 255 if tone > 0 else 0
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + abs(tone) * (end - part)):02X}" for part in parts)


def _pool(name: str) -> list[Look]:
    """The looks that a method may get, its own choice first."""
    place = crc32(name.encode())
    if is_control(name):
        pool = [
            Look(color=color, marker=marker, dashes=dashes, control=True)
            for dashes, marker, color in product(_CONTROL_DASHES, _CONTROL_MARKERS, _GREYS)
        ]
        return [*pool[place % len(pool) :], *pool[: place % len(pool)]]
    listed = METHODS.get(re.split("[:,@ ]", name)[0])
    turned = [*_COLORS[place % len(_COLORS) :], *_COLORS[: place % len(_COLORS)]]
    return [
        *([listed] if listed else []),
        *(
            Look(color=_toned(color, tone), marker=marker, dashes=dashes)
            for tone, marker, dashes in _TONES
            for color in turned
        ),
    ]


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Return the look of each method: known methods first, the others by name, controls last.

    Methods have a colour of their own each; controls are grey and dashed. A method keeps its look
    from figure to figure. One that is listed in ``METHODS`` lends its look to its first form with
    options or settings; of all others the name decides it, and only where two would share a colour
    (of controls: a whole look) does the later one move on. Of a categorical column all categories
    count, so that a part of a table has the looks of the whole; those that occur are returned.

    Example:
        >>> styles = looks(["random@nc", "random", "nc"])
        >>> list(styles), styles["nc"] == looks(["nc", "mine"])["nc"]
        (['nc', 'random', 'random@nc'], True)
        >>> looks(["nc, recovery=none"])["nc, recovery=none"] == styles["nc"]
        True
    """
    occurring = set(names)
    dtype = getattr(names, "dtype", None)
    asked = set(dtype.categories) if isinstance(dtype, pd.CategoricalDtype) else occurring
    styles = {name: look for name, look in METHODS.items() if name in asked}
    for name in sorted(asked - set(METHODS), key=lambda name: (is_control(name), name)):
        pool = _pool(name)
        taken = {look.color for look in styles.values()}
        if is_control(name):
            fresh = (look for look in pool if look not in styles.values())
        else:
            fresh = (look for look in pool if look.color not in taken)
        styles[name] = next(fresh, pool[0])  # more methods than looks: share one
    return {name: look for name, look in styles.items() if name in occurring}


def line_options(styles: dict[str, Look], by: str) -> dict[str, Any]:
    """Return what makes :func:`seaborn.lineplot` draw each value of ``by`` in its look."""
    names = list(styles)
    return {
        "hue": by,
        "style": by,
        "hue_order": names,
        "style_order": names,
        "palette": {name: look.color for name, look in styles.items()},
        "markers": {name: look.marker for name, look in styles.items()},
        "dashes": {name: look.dashes or "" for name, look in styles.items()},
        "errorbar": None,
        "linewidth": 1.8,
        "markersize": 5,
        "legend": False,
    }


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure (inches) with a layout that keeps labels inside it."""
    layout = ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.06)
    return Figure(figsize=(width, height), dpi=110, layout=layout, facecolor="white")


def tidy(ax: Axes, *, xlabel: str = "", ylabel: str = "", title: str = "") -> None:
    """Give axes the common look: no box, light horizontal rules, words in the same sizes."""
    ax.set_title(title, loc="left", fontsize=11, color=INK, fontweight="bold", pad=8)
    ax.set_xlabel(xlabel, fontsize=9.5, color=QUIET)
    ax.set_ylabel(ylabel, fontsize=9.5, color=QUIET)
    ax.tick_params(labelsize=9, length=0, colors=QUIET)
    ax.patch.set_visible(False)
    for side, spine in ax.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(RULE)
    ax.grid(axis="y", color=RULE, linewidth=0.8)
    ax.set_axisbelow(True)


def percent(ax: Axes, axis: str, metric: str = "accuracy") -> None:
    """Show an axis in percent from 0 to 100, if its metric is a share."""
    if not metric_of(metric).is_share:
        return
    chosen = ax.xaxis if axis == "x" else ax.yaxis
    if axis == "y":
        ax.set_ylim(-0.02, 1.02)  # a marker at 0 or 1 is seen whole
        ax.spines["bottom"].set_visible(False)
    chosen.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    chosen.set_major_formatter(PercentFormatter(1, decimals=None, symbol=" %"))


def wrapped(text: str, most: int) -> str:
    r"""Break a name into lines of at most ``most`` letters, between its parts where that is enough.

    Example:
        >>> wrapped("nc, recovery=compensate+refit:sweeps=3", 26)
        'nc, recovery=compensate+\nrefit:sweeps=3'
        >>> wrapped("magnitude", 26), wrapped("abcde", 3)
        ('magnitude', 'abc\nde')
    """
    lines = [""]
    for part in re.findall(r"[^ ,+@:]+[ ,+@:]*|[ ,+@:]+", text):
        if lines[-1] and len(lines[-1] + part.rstrip()) > most:
            lines.append("")
        lines[-1] += part
        while len(lines[-1].rstrip()) > most:
            lines[-1:] = [lines[-1][:most], lines[-1][most:]]
    return "\n".join(line.rstrip() for line in lines)


@cache
def _width(text: str) -> float:
    """Points that a legend's entry is wide; slow enough to be worth keeping."""
    return float(TextPath((0, 0), text, size=9.5).get_extents().width)


def legend(figure: Figure, styles: dict[str, Look]) -> None:
    """Put one legend for all panels below them, outside the axes."""
    # Inches of the widest entry: its name, and 5.8 letter heights of line and gaps.
    widest = max(_width(name) for name in styles)
    entry = (widest + 5.8 * 9.5) / 72
    handles = [
        Line2D(
            [],
            [],
            color=look.color,
            marker=look.marker,
            markersize=5.5,
            linewidth=2,
            dashes=look.dashes or (None, None),
            markeredgecolor="white",
            label=name,
        )
        for name, look in styles.items()
    ]
    figure.legend(
        handles=handles,
        loc="outside lower left",
        ncols=max(1, min(len(handles), int(figure.get_figwidth() / entry))),
        frameon=False,
        fontsize=9.5,
        labelcolor=INK,
        handlelength=3.2,
        columnspacing=1.8,
    )


def plain(text: str) -> str:
    r"""A text of a user's own for a figure: a dollar is no formula.

    Example:
        >>> plain("5 $ or 6 $")
        '5 \\$ or 6 \\$'
    """
    return text.replace("$", r"\$")


def class_words(
    label: int, names: Sequence[str] = (), minority: Sequence[int] = (), letters: int = 20
) -> str:
    """What a class is called in a figure, and whether it is rare.

    Args:
        label: Its number.
        names: Names of all classes; empty: they are called by their numbers.
        minority: Labels of the rare classes.
        letters: Most letters of a name.

    Raises:
        InputError: If there are fewer names.

    Example:
        >>> class_words(1, ["cat", "dog"], [1]), class_words(7)
        ('dog (rare)', '7')
    """
    if len(names) and label >= len(names):
        raise InputError(f"{len(names)} class names for class {label}; give one for each")
    name = names[label] if len(names) else str(label)
    name = name if len(name) <= letters else f"{name[: letters - 1]}…"
    return plain(name) + (" (rare)" if label in minority else "")


def headline(figure: Figure, title: str, note: str = "") -> None:
    """Set the figure's title, and under it what the lines and bands stand for."""
    text = plain("\n".join(line for line in (title, note) if line))
    if text:
        figure.suptitle(text, x=0.01, ha="left", fontsize=11, color=INK, linespacing=1.5)
