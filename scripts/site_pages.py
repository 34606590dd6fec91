"""MkDocs hooks: files from outside docs/ join the site, and links follow them.

Pages are written for a code host, where `../RESULTS.md` leads from docs/mils.md to the root. MkDocs
knows the files of docs/ alone. So the pages and files of the root that are linked become files of
the site at the place that they have in the repository, and each link is rewritten to match.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = ("*.md", "results/*.csv", "experiments/*.toml", "LICENSE", "CITATION.cff")
"""Files of the repository that pages link to."""

_LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]+)(#[^)\s]*)?(\))")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Let a folder in the navigation stand for its pages, the index first."""
    config.nav = [_unfolded(entry, Path(config.docs_dir)) for entry in config.nav or []]
    return config


def _unfolded(entry: dict[str, Any], docs: Path) -> dict[str, Any]:
    ((title, target),) = entry.items()
    if isinstance(target, list):
        return {title: [_unfolded(below, docs) for below in target]}
    if target.endswith("/"):
        pages = sorted((docs / target).glob("*.md"), key=lambda p: (p.stem != "index", p.stem))
        return {title: [page.relative_to(docs).as_posix() for page in pages]}
    return entry


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the root."""
    for pattern in OUTSIDE:
        for path in sorted(ROOT.glob(pattern)):
            uri = path.relative_to(ROOT).as_posix()
            if uri != "README.md":  # the site has a first page of its own
                files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead where their targets lie in the site; read Markdown in folded parts."""
    inside = (Path(config.docs_dir) / page.file.src_uri).exists()
    home = posixpath.dirname(f"docs/{page.file.src_uri}" if inside else page.file.src_uri)

    def mended(match: re.Match[str]) -> str:
        before, target, anchor, after = match.groups(default="")
        if re.match(r"[a-z]+:", target):
            return match[0]
        place = posixpath.normpath(posixpath.join(home, target))
        uri = "index.md" if place == "README.md" else place.removeprefix("docs/")
        if files.get_file_from_path(uri) is None:
            return match[0]  # MkDocs says that there is no such file
        here = posixpath.dirname(page.file.src_uri)
        return f"{before}{posixpath.relpath(uri, here or '.')}{anchor}{after}"

    return _LINK.sub(mended, markdown).replace("<details>", '<details markdown="1">')
