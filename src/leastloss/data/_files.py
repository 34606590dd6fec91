"""Files of a published data set: found and verified, or downloaded and then verified.

Nothing is ever written beside files that were found, so a read-only folder serves as well.
"""

import gzip
import os
import socket
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leastloss.errors import ResourceError

SECONDS_WITHOUT_AN_ANSWER = 30.0


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where torchvision keeps a data set.

    Attributes:
        name: Our name of it.
        torchvision: The torchvision class that can download it.
        folder: Folder of its files below the data folder.
        files: Each file and its published MD5.
    """

    name: str
    torchvision: type[Any]
    folder: str
    files: tuple[tuple[str, str], ...]


def data_root(data_dir: str | os.PathLike[str] | None) -> Path:
    """Return the data folder: the argument, else $LEASTLOSS_DATA, else ./data.

    Example:
        >>> data_root("/srv/data").name
        'data'
    """
    return Path(data_dir or os.environ.get("LEASTLOSS_DATA") or "data").expanduser()


def ensure(source: Source, root: Path, *, download: bool) -> Path:
    """Return the folder with the files of ``source``, each verified by its MD5.

    A file of the MNIST family may also lie there without its ``.gz``; it has no published MD5
    then, and `read_idx` checks its form.

    Raises:
        ResourceError: If a file is corrupt, or something is missing and cannot be downloaded.
    """
    from torchvision.datasets.utils import check_integrity

    folder = root / source.folder
    missing = []
    for file, md5 in source.files:
        path = folder / file
        if path.is_file():
            if not check_integrity(path, md5):
                raise ResourceError(
                    f"{source.name}: {path} is corrupt or truncated (its MD5 is not {md5}); "
                    "delete it and run again to download it, or copy it anew"
                )
        elif not (path.suffix == ".gz" and path.with_suffix("").is_file()):
            missing.append(file)
    if missing and not download:
        raise ResourceError(
            f"{source.name}: {folder / missing[0]} is missing and downloading is off; put the "
            "files there or set LEASTLOSS_DATA to a folder that has them"
        )
    if missing:
        _download(source, root)
    return folder


def _download(source: Source, root: Path) -> None:
    """Download into a temporary folder inside the place, and move what is complete.

    A download that fails or is killed half-way therefore leaves nothing that counts as found.
    """
    folder = root / source.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(prefix=".download-", dir=folder)
    except OSError as error:
        raise ResourceError(
            f"{source.name}: cannot write to {folder} ({error.strerror}); set LEASTLOSS_DATA to a "
            "folder that has the files or can be written to"
        ) from error
    with temporary as scratch:
        try:
            with _patience(SECONDS_WITHOUT_AN_ANSWER):
                source.torchvision(scratch, download=True)
        except (OSError, RuntimeError, HTTPException, EOFError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ResourceError(
                f"could not download {source.name} (no network?); put the files into {folder} or "
                f"set LEASTLOSS_DATA to a folder that has them. Reason: {reason[:200]}"
            ) from error
        # torchvision has compared every MD5 by now.
        for file, _ in source.files:
            os.replace(Path(scratch) / source.folder / file, folder / file)


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Limit how long a silent server is waited for: torchvision itself sets no limit."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read ``path`` (``.gz``), or the extracted file beside it where there is no ``.gz``.

    The bytes are a read-only array of 3 dimensions for images, (n, H, W), or 1 for labels, (n,).

    Raises:
        ResourceError: If the file cannot be read or is not a complete idx file of unsigned bytes.
    """
    file = path if path.is_file() else path.with_suffix("")
    try:
        content = gzip.decompress(path.read_bytes()) if file == path else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ResourceError(f"{file} cannot be read ({error}); copy it anew") from error
    header = 4 + 4 * dimensions
    if content[:4] == bytes([0, 0, 8, dimensions]) and len(content) >= header:
        # Python's integers: sizes of a damaged header may multiply past 64 bits.
        sizes = np.frombuffer(content, ">u4", dimensions, 4).tolist()
        if len(content) == header + prod(sizes):
            return np.frombuffer(content, np.uint8, offset=header).reshape(sizes)
    raise ResourceError(
        f"{file} is corrupt or truncated: it is not a complete idx file of bytes in {dimensions} "
        "dimensions; delete it and run again to download it, or copy it anew"
    )
