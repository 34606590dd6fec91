"""Tables of what one more copy of a block adds to a complexity; made once, kept between calls."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from leastloss.information.ctm import ctm_table


def offsets_of(block: int, shift: int) -> dict[int, int]:
    """First symbol of the blocks of each side; smaller sides occur only where shift leaves room.

    Each offset is a multiple of the number of codes after it, so that a bit of the symbol is a
    bit of the code.
    """
    offsets = {block: 0}
    if shift > block * block:
        for side in range(block - 1, 1, -1):
            offsets[side] = offsets[side + 1] + 2 ** ((side + 1) ** 2)
    return offsets


@cache
def _doublings(power: int) -> NDArray[np.float64]:
    """log2(k + 1) - log2(k) for k = 1 to 2**power, without cancellation; 0 for k = 0."""
    copies = np.arange(1, 2**power + 1, dtype=np.float64)
    return np.concatenate([[0.0], np.log1p(1 / copies) / np.log(2)])


@cache
def increments(complexity: str, power: int) -> NDArray[np.float64]:
    """What one more copy adds when 1 to 2**power are there; for the entropy, times N."""
    doubling = _doublings(power)
    if complexity == "bdm":
        return doubling
    copies = np.arange(len(doubling))
    return -(np.log2(copies + 1) + copies * doubling)  # k log2(k) - (k + 1) log2(k + 1)


@cache
def first_steps(complexity: str, block: int, shift: int) -> NDArray[np.float64]:
    """What the first copy of every symbol of a pool adds."""
    first = np.zeros(1 << shift)
    if complexity == "bdm":
        for side, offset in offsets_of(block, shift).items():
            first[offset : offset + 2 ** (side * side)] = ctm_table(side)
    return first
