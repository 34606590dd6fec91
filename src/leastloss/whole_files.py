"""Files that are there whole or not at all: a full disk or a kill leaves what was there before."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OLD = 24 * 3600.0  # seconds after which nobody writes to a folder any more


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield where to write; the file takes the place of ``path`` when all is written.

    Raises:
        OSError: If the folder cannot be written to.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with written_whole(Path(folder) / "a.txt") as place:
        ...         _ = place.write_text("all of it")
        ...     [file.name for file in Path(folder).iterdir()]
        ['a.txt']
    """
    for left in path.parent.glob(".part-*"):  # by a kill
        if left.stat().st_mtime < time.time() - _OLD:
            shutil.rmtree(left, ignore_errors=True)
    # A folder of its own beside the file: writers that make further files leave none behind.
    with tempfile.TemporaryDirectory(prefix=".part-", dir=path.parent) as folder:
        place = Path(folder) / path.name
        yield place
        os.replace(place, path)
