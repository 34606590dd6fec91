"""The code that results depend on, as one digest: part of what makes two runs the same."""

import ast
import contextlib
import functools
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from leastloss._compile import cache_folder
from leastloss.whole_files import written_whole

PACKAGE = Path(__file__).parent
_KEPT = "code-digest"  # file beside the folder of the kernels

# What shows, stores or passes on results does not make them; every other file counts, new ones too.
_NO_PART = ["cli.py", "deploy", "evaluation/significance", "experiment"]
_NO_PART += ["plots", "report", "tracking"]
_YET_PART = ["experiment/data_recipe.py", "experiment/dense.py", "experiment/prune_run"]
_YET_PART += ["experiment/stored_network.py", "experiment/study/cell_jobs.py"]
_YET_PART += ["experiment/train.py"]


@functools.cache
def code_digest() -> str:
    """Digest of the code that a run's results depend on; read once per process.

    Comments, layout and docstrings do not count. Another minor version of Python may spell the same
    code in another way.

    Example:
        >>> len(code_digest())
        16
    """
    return kept_digest(PACKAGE, cache_folder().parent / _KEPT)


def kept_digest(package: Path, file: Path) -> str:
    """The digest of a package: what a file has kept of these very bytes, else computed and kept.

    To parse all sources takes a second; to read them, a fiftieth of it. The file need not exist,
    and may lie where nobody can write.
    """
    total = hashlib.sha256(sys.version.encode())  # which spells the parsed code
    for source in _counted(package):
        total.update(source.relative_to(package).as_posix().encode())
        total.update(hashlib.sha256(source.read_bytes()).digest())
    with contextlib.suppress(OSError, ValueError):
        digest_of_bytes, digest = file.read_text(encoding="ascii").split()
        if digest_of_bytes == total.hexdigest():
            return digest
    digest = digest_of_code(package)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as place:
            place.write_text(f"{total.hexdigest()} {digest}\n", encoding="ascii")
    return digest


def digest_of_code(package: Path) -> str:
    """The same for a copy of the package."""
    total = hashlib.sha256()
    for source in _counted(package):
        total.update(source.relative_to(package).as_posix().encode())
        tree = ast.parse(source.read_bytes())
        _drop_docstrings(tree)
        total.update(hashlib.sha256(ast.dump(tree).encode()).digest())
    return total.hexdigest()[:16]


def _counted(package: Path) -> Iterator[Path]:
    for source in sorted(package.rglob("*.py")):
        name = source.relative_to(package).as_posix()
        if not _below(name, _NO_PART) or _below(name, _YET_PART):
            yield source


def _below(name: str, places: Iterable[str]) -> bool:
    return any(f"{name}/".startswith(f"{place}/") for place in places)


def _drop_docstrings(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body[0] = ast.Pass()
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            _drop_docstrings(child)
