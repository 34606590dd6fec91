"""How long a description a ternary network needs: three upper bounds, from theory to a file."""

import lzma
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leastloss.errors import InputError
from leastloss.information.complexity import count_blocks
from leastloss.information.encodings import encode

# Measured on random ternary weights, sparsity 0 to 0.98: literal context bits are wasted on packed
# bits (lc=0 saves 5 %), and short hash chains halve the time of LZMA for equal size. zlib above
# level 6 costs ten times the time for 5 %, and LZMA wins there.
_LZMA = {"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 0, "mf": lzma.MF_HC3, "depth": 8}
_WINDOW = (1 << 12, 1 << 20)
_ZLIB_LEVEL = 6


def description_length(
    ternary: Mapping[str, ArrayLike], *, block: int = 4, boundary: str = "periodic"
) -> dict[str, float]:
    """Measure the description length of the weights of a network.

    The weights are written as two binary planes, [w = +1] and [w = -1].

    Args:
        ternary: Layer name -> weights in -1, 0 (pruned) and +1. More than two dimensions are
            read as (first, all others).
        block: Side of the blocks: 2, 3 or 4.
        boundary: What happens at the edges; under ``"periodic"`` every weight is counted, and a
            layer may be smaller than a block.

    Returns:
        ``bdm_bits``, by the Block Decomposition Method, the blocks of all planes of all layers
        in one multiset; ``block_entropy``, the Shannon entropy of that multiset, in bits per
        block; ``compressed_bytes``, what the packed planes take in the smaller of raw LZMA2 and
        zlib. The first two are what MILS counts with its default options.

    Raises:
        InputError: If there is no layer or a weight is not -1, 0 or +1.

    Source:
        Zenil et al. 2018, Entropy 20(8):605.

    Example:
        >>> found = description_length({"first": np.ones((64, 64)), "last": np.ones((10, 64))})
        >>> round(found["bdm_bits"], 2), found["block_entropy"], found["compressed_bytes"] < 100
        (60.51, 1.0, True)
    """
    if not ternary:
        raise InputError("there is no layer to describe; at least 1 is needed")
    layers = [_matrix(name, weights) for name, weights in ternary.items()]
    plus, minus = zip(*(encode(layer) for layer in layers), strict=True)
    planes = [*plus, *minus]
    blocks = count_blocks(planes, block=block, boundary=boundary, pooled=True)
    return {
        "bdm_bits": blocks.complexity("bdm"),
        "block_entropy": blocks.complexity("entropy"),
        "compressed_bytes": float(compressed_bytes(planes)),
    }


def compressed_bytes(planes: list[NDArray[np.uint8]]) -> int:
    """Return the bytes that binary planes take, packed eight cells a byte and compressed.

    Example:
        >>> compressed_bytes([np.zeros((1000, 1000), dtype=np.uint8)]) < 200
        True
    """
    packed = np.packbits(np.concatenate([plane.ravel() for plane in planes])).tobytes()
    low, high = _WINDOW  # a window no larger than the data: clearing it takes the time otherwise
    window = {"dict_size": max(low, min(high, len(packed)))}
    by_lzma = lzma.compress(packed, format=lzma.FORMAT_RAW, filters=[_LZMA | window])
    return min(len(by_lzma), len(zlib.compress(packed, _ZLIB_LEVEL)))


def _matrix(name: str, weights: ArrayLike) -> NDArray[np.generic]:
    array = np.asarray(weights)
    if array.ndim < 2 or array.size == 0:
        raise InputError(
            f"layer {name!r} has weights of shape {array.shape}; at least two dimensions, none 0"
        )
    return array.reshape(len(array), -1)
