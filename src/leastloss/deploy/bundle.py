"""The files that a user takes home, written all or none."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from leastloss.errors import InputError, ResourceError

_PART, _NEW, _OLD, _PLAN = ".part-export-", "new", "old", "names"


def check_free(out: Path, names: list[str], *, overwrite: bool) -> None:
    """Refuse to write where files of these names are; what a kill left in part is taken back.

    Raises:
        InputError: If one is there and ``overwrite`` is False.
        ResourceError: If the folder is a file.
    """
    if out.exists() and not out.is_dir():
        raise ResourceError(f"{out} is a file; out must be a folder")
    for part in out.glob(f"{_PART}*"):
        _undo(part)
        shutil.rmtree(part, ignore_errors=True)
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
        with tempfile.TemporaryDirectory(prefix=_PART, dir=out) as folder:
            part = Path(folder)
            new, old, plan = part / _NEW, part / _OLD, part / _PLAN
            new.mkdir()
            old.mkdir()
            for name, content in contents.items():
                (new / name).write_bytes(content)
            plan.write_text("\n".join(contents), encoding="utf-8")
            try:
                for name in {*contents, *replaced}:
                    if (out / name).is_file():
                        os.replace(out / name, old / name)
                for name in contents:
                    os.replace(new / name, out / name)
            except BaseException:
                _undo(part)
                raise
            plan.unlink()
    except OSError as error:
        raise ResourceError(f"cannot write to {out}: {error.strerror or error}") from error


def _undo(part: Path) -> None:
    """Take moves back: as long as there is a plan, they were not all made."""
    if (part / _PLAN).is_file():
        for name in (part / _PLAN).read_text(encoding="utf-8").splitlines():
            if not (part / _NEW / name).exists():
                (part.parent / name).unlink(missing_ok=True)
        for file in (part / _OLD).iterdir():
            os.replace(file, part.parent / file.name)


def digest_of(content: bytes) -> str:
    """The sha256 of a file's content."""
    return hashlib.sha256(content).hexdigest()
