"""Arrays of an ``.npz`` file; its directory is checked before anything is unpacked."""

import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from leastloss.data.class_names import as_texts
from leastloss.data.own.arrays import check_memory, from_arrays
from leastloss.data.published import Images
from leastloss.errors import InputError, ResourceError, brief

_PAIRS = {"train": (("x_train", "y_train"), ("x", "y")), "val": (("x_val", "y_val"),)}
_PAIRS |= {"test": (("x_test", "y_test"),)}
_NAMES = "class_names"
_KNOWN = {name for pairs in _PAIRS.values() for pair in pairs for name in pair} | {_NAMES}
_DAMAGED = (
    *(OSError, ValueError, LookupError, EOFError, TypeError, SyntaxError, RuntimeError),
    *(MemoryError, NotImplementedError, zipfile.BadZipFile, zlib.error),
)


def read_archive_of_arrays(path: Path, size: int | None) -> Images:
    """Read ``x`` and ``y``, or ``x_train``, ``y_train`` and so on; nothing is unpickled.

    ``class_names`` may hold one text for each class. Images are resized to size x size, unless it
    is None.

    Raises:
        InputError: If the arrays are no inputs and labels.
        ResourceError: If the file is damaged, holds Python objects, or does not fit in memory.
    """
    arrays = _arrays(path)
    for part, pairs in _PAIRS.items():
        whole = [pair for pair in pairs if arrays.keys() >= {*pair}]
        halves = [name for pair in pairs if pair not in whole for name in pair if name in arrays]
        if halves or len(whole) > 1 or (part == "train" and not whole):
            raise InputError(
                f"{path.name} holds {', '.join(sorted(arrays)) or 'nothing'}; it must hold x and "
                "y, or x_train and y_train, and may hold x_val, y_val, x_test and y_test"
            )
    parts = {
        part: (arrays[x], arrays[y])
        for part, pairs in _PAIRS.items()
        for x, y in pairs
        if x in arrays
    }
    return from_arrays(parts, size=size, names=as_texts(arrays.get(_NAMES, np.array([]))).tolist())


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            check_memory(path.name, sum(entry.file_size for entry in archive.infolist()))
            for entry in archive.infolist():
                _check_header(path, archive, entry)
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if name in _KNOWN}
    except _DAMAGED as error:
        if isinstance(error, ResourceError):
            raise
        raise ResourceError(f"{path} is damaged, or no npz file: {brief(error)}") from None


def _check_header(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Refuse an array of Python objects, and one whose header tells another size than its file."""
    with archive.open(entry) as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, kind = read(file)
        if kind.hasobject:
            raise ResourceError(
                f"{path.name}: {entry.filename} holds Python objects, a pickle that could run "
                "code when it is opened, so it is not; save plain arrays"
            )
        if file.tell() + prod(shape) * kind.itemsize != entry.file_size:
            raise ResourceError(
                f"{path.name} is damaged: {entry.filename} is said to hold {kind} of shape "
                f"{shape}, and has {entry.file_size:,} bytes"
            )
