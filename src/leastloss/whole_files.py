"""Files that are there whole or not at all: a full disk or a kill leaves what was there before."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    # A folder of its own beside the file: writers that make further files leave none behind.
    with tempfile.TemporaryDirectory(prefix=".part-", dir=path.parent) as folder:
        place = Path(folder) / path.name
        yield place
        os.replace(place, path)
