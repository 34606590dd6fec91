"""The idx format of the MNIST family, read without writing anything.

Format: two zero bytes, the type (8: unsigned byte), the number of dimensions, each size as a
big-endian 32-bit integer, then the values in C order (LeCun, Cortes & Burges, the MNIST database).
"""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from leastloss.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read ``path`` (``.gz``), or the extracted file beside it where there is no ``.gz``.

    Args:
        path: File name that ends in ``.gz``.
        dimensions: 3 for images (n, H, W), 1 for labels (n,).

    Returns:
        A read-only array of bytes.

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
