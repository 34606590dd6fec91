"""The files that a user takes home, written all or none."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from leastloss.errors import InputError, ResourceError


def check_free(out: Path, names: list[str], *, overwrite: bool) -> None:
    """Refuse to write where files of these names are.

    Raises:
        InputError: If one is there and ``overwrite`` is False.
        ResourceError: If the folder is a file.
    """
    if out.exists() and not out.is_dir():
        raise ResourceError(f"{out} is a file; out must be a folder")
    there = [name for name in names if (out / name).exists()]
    if there and not overwrite:
        raise InputError(
            f"{out} holds {', '.join(there)} already; choose another out, or overwrite 'yes'"
        )


def write_all(out: Path, contents: Mapping[str, bytes], replaced: Iterable[str] = ()) -> None:
    """Write files into a folder, which is made if need be; on an error it is as it was.

    Args:
        out: The folder.
        contents: Name -> content.
        replaced: Names of an earlier bundle's files, which go; also those that are not written now.

    Raises:
        ResourceError: If they cannot be written.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_all(Path(folder) / "out", {"a.txt": b"a", "b.txt": b"b"})
        ...     sorted(file.name for file in (Path(folder) / "out").iterdir())
        ['a.txt', 'b.txt']
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=out) as folder:
            new, old = Path(folder) / "new", Path(folder) / "old"
            new.mkdir()
            old.mkdir()
            for name, content in contents.items():
                (new / name).write_bytes(content)
            moved: list[tuple[Path, Path]] = []
            try:
                for name in {*contents, *replaced}:
                    if (out / name).is_file():
                        moved.append(_move(out / name, old / name))
                for name in contents:
                    moved.append(_move(new / name, out / name))
            except BaseException:
                for source, target in reversed(moved):
                    os.replace(target, source)
                raise
    except OSError as error:
        raise ResourceError(f"cannot write to {out}: {error.strerror or error}") from error


def _move(source: Path, target: Path) -> tuple[Path, Path]:
    os.replace(source, target)
    return source, target


def digest_of(content: bytes) -> str:
    """The sha256 of a file's content."""
    return hashlib.sha256(content).hexdigest()
