"""The files that a user takes home, written all or none."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
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


def write_all(out: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is made if need be; on an error none of them is there.

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
            for name, content in contents.items():
                (Path(folder) / name).write_bytes(content)
            for name in contents:
                os.replace(Path(folder) / name, out / name)
    except OSError as error:
        raise ResourceError(f"cannot write to {out}: {error.strerror or error}") from error


def digest_of(content: bytes) -> str:
    """The sha256 of a file's content."""
    return hashlib.sha256(content).hexdigest()
