"""Tables by the code of a block: its CTM value, and what one more copy adds to a complexity.

Each is made once, and kept between calls.
"""

import gzip
import pickle
from collections import OrderedDict, defaultdict
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leastloss.arguments import computed
from leastloss.errors import ResourceError
from leastloss.information.inputs import check_block

_FILE = Path("ctmdata") / "ctm-b2-d4x4.pkl.gz"
_ALLOWED = {"OrderedDict": OrderedDict, "defaultdict": defaultdict}


class _PlainUnpickler(pickle.Unpickler):
    """Loads dictionaries of strings and numbers, and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "collections" and name in _ALLOWED:
            return _ALLOWED[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a CTM table")


@cache
def _published() -> dict[tuple[int, int], dict[str, float]]:
    # The file is read where it lies: importing pybdm itself costs most of a second and needs a
    # setuptools that still has pkg_resources.
    spec = find_spec("pybdm")
    if spec is None or not spec.submodule_search_locations:
        raise ResourceError("the CTM tables come with the package pybdm, which is not installed")
    path = Path(spec.submodule_search_locations[0]) / _FILE
    try:
        with gzip.open(path, "rb") as stream:
            table: dict[tuple[int, int], dict[str, float]] = _PlainUnpickler(stream).load()
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        raise ResourceError(f"{path}: the CTM table cannot be read ({error})") from error
    return table


@cache
def _table(side: int) -> NDArray[np.float64]:
    cells = side * side
    values = np.full(2**cells, np.nan)
    for key, value in _published()[side, side].items():
        code = int(key[::-1], 2)  # the first cell is the least significant bit
        values[code] = value
        values[2**cells - 1 - code] = value  # keys are normalised to begin with 0
    if np.isnan(values).any():
        raise ResourceError(f"pybdm's CTM table for {side}x{side} blocks is incomplete")
    values.setflags(write=False)
    return values


@computed
def ctm_table(block: int = 4) -> NDArray[np.float64]:
    """CTM complexity in bits of every binary block of ``block`` x ``block`` cells.

    The cell in row i and column j of a block is bit ``i * block + j`` of its code, the least
    significant bit first.

    Args:
        block: Side of the block: 2, 3 or 4.

    Returns:
        float64 array of shape ``(2 ** (block * block),)``, read-only, loaded once (0.1 s).

    Raises:
        InputError: If ``block`` is not 2, 3 or 4.
        ResourceError: If pybdm's table is missing, incomplete or corrupt.

    Source:
        The tables of pybdm 0.1.0, from the Coding Theorem Method (Soler-Toscano et al. 2014,
        PLoS ONE 9(5):e96223; Zenil et al. 2018, Entropy 20(8):605).

    Example:
        >>> table = ctm_table(2)
        >>> table.shape, bool(table[0b0000] == table[0b1111]), bool(table[0] < table[0b0110])
        ((16,), True, True)
    """
    return _table(check_block(block))


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
