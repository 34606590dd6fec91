"""Sections as Markdown."""

import re
from collections.abc import Sequence

from leastloss.errors import InputError
from leastloss.report.sections import Block, Commands, Drawn, Facts, Grid, Image, Section, Sentences


def markdown(sections: Sequence[Section]) -> str:
    """Write a page; the first section's title is that of the page."""
    lines: list[str] = []
    for level, section in enumerate(sections):
        lines += [f"{'##' if level else '#'} {no_tags(section.title)}", ""]
        for block in section.blocks:
            lines += [*lines_of(block), ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip()) + "\n"


def lines_of(block: Block) -> list[str]:
    """One block of a section.

    Example:
        >>> lines_of(Sentences(["`nc` leads."], title="In `few` words"))[0]
        '<details><summary>In <code>few</code> words</summary>'
    """
    match block:
        case Grid():
            caption = f"{block.caption}, in {block.unit}" if block.unit else block.caption
            if block.folded:
                return _folded(caption, table_lines(block))
            return [f"{caption}:", "", *table_lines(block)]
        case Image():
            return [f"![{block.alt}]({block.path})"]
        case Drawn():  # Markdown has no inline figures
            return [block.alt or block.caption]
        case Sentences():
            lines = [f"- {no_tags(text)}" for text in block.texts]
            return _folded(block.title, lines) if block.title else lines
        case Facts():
            return [f"- {name}: {no_tags(str(value))}" for name, value in block.values.items()]
        case Commands():
            return [f"- {name}: `{command}`" for name, command in block.values.items()]
        case str():
            return [no_tags(block)]


def no_tags(text: str) -> str:
    """A text in which nothing is HTML, as the name of a class might be.

    Example:
        >>> no_tags("class <b>big</b>, p < 0.05")
        'class &lt;b>big&lt;/b>, p < 0.05'
    """
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)


def table_lines(grid: Grid) -> list[str]:
    """A table without its caption."""
    lines = [f"| {grid.first} | " + " | ".join(grid.head) + " |"]
    lines += ["|---|" + "---|" * len(grid.head)]
    for name, cells in grid.rows.items():
        plain = [no_tags(cell.line).replace("|", r"\|") for cell in cells]
        texts = [
            f"**{text}**" if cell.bold else text for text, cell in zip(plain, cells, strict=True)
        ]
        lines.append(f"| `{name}` | " + " | ".join(texts) + " |")
    return lines


def _folded(summary: str, lines: list[str]) -> list[str]:
    """Lines that open on a click on the summary; ``<summary>`` takes HTML, not Markdown."""
    summary = re.sub(r"`([^`]*)`", r"<code>\1</code>", summary)
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>"]


def place(text: str, name: str, entry: str) -> str:
    r"""Replace the entry between its markers, or append it; the rest of the text stays.

    Example:
        >>> old = place("# Results", "a", "<!-- begin a -->\n1\n<!-- end a -->\n")
        >>> place(old, "a", "<!-- begin a -->\n2\n<!-- end a -->\n").splitlines()
        ['# Results', '', '<!-- begin a -->', '2', '<!-- end a -->']
    """
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->\n"
    text = f"{text.rstrip()}\n"
    if (text.count(begin), text.count(end)) == (0, 0):
        return f"{text}\n{entry}"
    if (text.count(begin), text.count(end)) != (1, 1) or text.index(begin) > text.index(end):
        raise InputError(f"the markers of {name!r} must come once each, begin before end")
    return text[: text.index(begin)] + entry + text[text.index(end) + len(end) :]
