"""The model card: what a network is, which classes paid for its size, and how it was made."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leastloss.deploy.speed_table import Timed


@dataclass(frozen=True, kw_only=True)
class ClassRecall:
    """A class, how many samples it has, and its recall on the test split."""

    name: str
    trained: int
    tested: int
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a model card says.

    Attributes:
        title: Its first line.
        about: Facts by name.
        command: What made the network; may be empty.
        license: As SPDX spells it, or empty.
        classes: Each class, in their order.
        overall: Metric -> its values of the dense network and of this one, as shares.
        noise: Kind of noise -> metric -> share.
        sizes: What is meant -> bytes.
        speed: The forms of the network and how fast they are.
        timing: How that was measured.
    """

    title: str
    about: Mapping[str, str]
    command: str = ""
    license: str = ""
    classes: Sequence[ClassRecall] = ()
    overall: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    noise: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    speed: Sequence[Timed] = ()
    timing: str = ""


def escaped(text: str) -> str:
    r"""Text as Markdown shows it, whatever it holds: no HTML, links, tables or headings come of it.

    Example:
        >>> escaped("<b>a|b</b> [x](y)")
        '&lt;b&gt;a\\|b&lt;/b&gt; \\[x\\](y)'
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    plain = re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", html.escape(printable, quote=False))
    # Hubs make links of bare addresses, too.
    return plain.replace("://", ":&#47;&#47;").replace("www.", "www&#46;").replace("@", "&#64;")


def model_card(card: Card) -> str:
    """Write a model card in Markdown, with the front matter that model hubs read.

    Example:
        >>> print(model_card(Card(title="nc", about={"data": "digits"}, license="MIT")))
        ---
        license: "MIT"
        library_name: "leastloss"
        tags: ["pruning"]
        ---
        <BLANKLINE>
        # nc
        <BLANKLINE>
        - data: digits
        - licence: MIT
        <BLANKLINE>
    """
    licence = card.license or "not stated"
    lines = ["---", f"license: {json.dumps(card.license or 'other')}"]
    lines += ['library_name: "leastloss"', 'tags: ["pruning"]', "---", ""]
    lines += [f"# {escaped(card.title)}", ""]
    lines += [f"- {name}: {escaped(value)}" for name, value in card.about.items() if value]
    lines += [f"- licence: {escaped(licence)}", ""]
    lines += _command(card.command) + _classes(card) + _noise(card) + _sizes(card)
    return "\n".join(lines)


def _command(command: str) -> list[str]:
    if not command:
        return []
    # A fence longer than any run of backticks in the command.
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", command)), default=0))
    return ["The command that made it:", "", f"{fence}bash", " ".join(command.split()), fence, ""]


def _classes(card: Card) -> list[str]:
    if not card.classes:
        return []
    lines = ["## Which classes paid", ""]
    lines += _table(
        ["class", "training samples", "test samples", "recall before", "recall after", "change"],
        [
            [
                *(escaped(row.name), f"{row.trained:,}", f"{row.tested:,}"),
                *(_percent(row.before), _percent(row.after)),
                _points(row.before, row.after),
            ]
            for row in card.classes
        ],
    )
    lines += _table(
        ["on the test samples", "before", "after", "change"],
        [
            [name, _percent(before), _percent(after), _points(before, after)]
            for name, (before, after) in card.overall.items()
        ],
    )
    note = "Before: the dense network, as it was trained. In per cent; changes in points."
    return [*lines, note, ""]


def _noise(card: Card) -> list[str]:
    if not card.noise:
        return ["Its behaviour under noise was not measured.", ""] if card.classes else []
    metrics = list(next(iter(card.noise.values())))
    rows = [
        [escaped(noise), *(_percent(values.get(metric, float("nan"))) for metric in metrics)]
        for noise, values in card.noise.items()
    ]
    return ["## Under noise", "", *_table(["noise", *metrics], rows)]


def _sizes(card: Card) -> list[str]:
    if not card.sizes:
        return []
    lines = ["## Size and speed", ""]
    lines += _table(["", "bytes"], [[name, f"{size:,}"] for name, size in card.sizes.items()])
    if card.speed:
        head = ["network", "run by", "one sample, ms", "samples a second"]
        rows = [
            [row.form, row.program, f"{row.latency_ms:.3f}", f"{row.throughput:,.0f}"]
            for row in card.speed
        ]
        lines += [*_table(head, rows), card.timing, ""]
    return lines


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    written = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(cells)} |" for cells in written), ""]


def _percent(share: float) -> str:
    return "-" if share != share else f"{100 * share:.1f}"  # NaN: a class without a test sample


def _points(before: float, after: float) -> str:
    change = 100 * (after - before)
    return "-" if change != change else f"{change:+.1f}"
