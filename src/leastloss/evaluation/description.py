"""How long a description a ternary network needs: upper bounds, from theory to a file."""

import lzma
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from leastloss.errors import InputError
from leastloss.information import count_blocks, encode

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

    BDM and block entropy read two binary planes, [w = +1] and [w = -1]. In a dense network each
    is the complement of the other and both are counted: ``bdm_bits`` compares networks of one
    shape, it is no length to compare with a number of stored bits. The other codes say which
    weights are kept, then the signs of those alone: a dense network costs about a bit a weight.

    Args:
        ternary: Layer name -> weights in -1, 0 (pruned) and +1. More than two dimensions are
            read as (first, all others).
        block: Side of the blocks: 2, 3 or 4.
        boundary: What happens at the edges; under ``"periodic"`` every weight is counted, and a
            layer may be smaller than a block.

    Returns:
        ``bdm_bits``, by the Block Decomposition Method, the blocks of all planes of all layers
        in one multiset; ``block_entropy``, the Shannon entropy of that multiset, in bits per
        block; ``mask_sign_bits``, an ideal code of which rows, columns and weights are kept, and
        a bit for the sign of each (see :func:`mask_sign_bits`); ``lzma_bytes`` and
        ``zlib_bytes``, what the packed plane of kept weights and the packed signs of those take
        in raw LZMA2 and in zlib, and ``compressed_bytes``, the smaller. The first two are what
        MILS counts with its default options.

    Raises:
        InputError: If there is no layer or a weight is not -1, 0 or +1.

    Source:
        Zenil et al. 2018, Entropy 20(8):605.

    Example:
        >>> lengths = description_length({"first": np.ones((64, 64)), "last": np.ones((10, 64))})
        >>> round(lengths["bdm_bits"], 2), lengths["block_entropy"]
        (60.51, 1.0)
    """
    if not hasattr(ternary, "items") or not ternary:
        raise InputError("a mapping of at least 1 layer is needed: layer name -> weights")
    layers = [_matrix(name, weights) for name, weights in ternary.items()]
    plus, minus = zip(*(encode(layer) for layer in layers), strict=True)
    planes = [*plus, *minus]
    blocks = count_blocks(planes, block=block, boundary=boundary, pooled=True, listed=False)
    by_lzma, by_zlib = compressed_bytes(layers)
    return {
        "bdm_bits": blocks.complexity("bdm"),
        "block_entropy": blocks.complexity("entropy"),
        "mask_sign_bits": sum(mask_sign_bits(layer != 0) for layer in layers),
        "lzma_bytes": float(by_lzma),
        "zlib_bytes": float(by_zlib),
        "compressed_bytes": float(min(by_lzma, by_zlib)),
    }


def mask_sign_bits(mask: NDArray[np.bool_]) -> float:
    """Bits of an ideal code of one layer that knows how many there are of each thing it names.

    Which rows and which columns hold any kept weight, which weights among those are kept, and one
    bit for the sign of each. A removed unit thus costs a row here and a column there, no mask.

    Example:
        >>> round(mask_sign_bits(np.eye(2, dtype=bool)), 4)  # 6 masks of 2 in 4, and 2 signs
        4.585
        >>> mask_sign_bits(np.array([[True, True], [False, False]]))  # 1 of 2 rows, and 2 signs
        3.0
    """
    rows, cols = mask.shape
    high, wide = int(mask.any(axis=1).sum()), int(mask.any(axis=0).sum())
    which, weights = _log2_choose(rows, high) + _log2_choose(cols, wide), int(mask.sum())
    return which + _log2_choose(high * wide, weights) + weights


def _log2_choose(all_of: int, some: int) -> float:
    ways = gammaln(all_of + 1) - gammaln(some + 1) - gammaln(all_of - some + 1)
    return max(0.0, float(ways / np.log(2)))


def compressed_bytes(layers: list[NDArray[np.generic]]) -> tuple[int, int]:
    """Bytes that the kept places and the kept signs take, eight a byte, by raw LZMA2 and by zlib.

    Example:
        >>> max(compressed_bytes([np.zeros((1000, 1000), dtype=np.int8)])) < 200
        True
    """
    flat = np.concatenate([layer.ravel() for layer in layers])
    packed = [np.packbits(bits).tobytes() for bits in (flat != 0, flat[flat != 0] > 0)]
    return sum(map(_by_lzma, packed)), sum(len(zlib.compress(each, _ZLIB_LEVEL)) for each in packed)


def _by_lzma(packed: bytes) -> int:
    low, high = _WINDOW  # a window no larger than the data: clearing it takes the time otherwise
    window = {"dict_size": max(low, min(high, len(packed)))}
    return len(lzma.compress(packed, format=lzma.FORMAT_RAW, filters=[_LZMA | window]))


def _matrix(name: str, weights: ArrayLike) -> NDArray[np.generic]:
    try:
        array = np.asarray(weights)
    except (RuntimeError, TypeError, ValueError) as error:  # torch's, of tensors that train
        raise InputError(f"layer {name!r} is no array: {error}") from error
    if array.ndim < 2 or array.size == 0:
        raise InputError(
            f"layer {name!r} has weights of shape {array.shape}; at least two dimensions, none 0"
        )
    return array.reshape(len(array), -1)
