"""Relative links and anchors of Markdown pages, as a code host follows them."""

import re
from collections.abc import Iterable
from pathlib import Path

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```|^ {4}[^\n]*$|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def broken_links(root: Path, pages: Iterable[str]) -> list[str]:
    """``page: target`` for every relative link whose file or anchor is not there."""
    broken = []
    for page in pages:
        path = root / page
        for target in _LINK.findall(_CODE.sub("", path.read_text(encoding="utf-8"))):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            found = (path.parent / file) if file else path
            if not found.exists() or (anchor and anchor not in anchors(found)):
                broken.append(f"{page}: {target}")
    return broken


def anchors(page: Path) -> set[str]:
    """What a link to a heading, or to an ``<a id>``, may name."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), re.M)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))
