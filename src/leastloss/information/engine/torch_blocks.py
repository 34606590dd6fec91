"""Matrices that are torch tensors, cut into blocks by slices, and the counts of these blocks."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from leastloss.information.blocks import Grid, cut
from leastloss.information.ctm import first_steps, increments, offsets_of

# Where one bit of many blocks lies in a matrix: what reads and what writes them all at once.
Index = tuple[slice, slice] | tuple[Tensor, Tensor]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A matrix and its blocks; ``stride`` apart, and single smaller ones where it is recursive."""

    shape: tuple[int, int]
    source: Tensor  # int32; wrapped around to whole blocks where it is periodic
    boundary: str
    side: int
    stride: int
    places: dict[int, list[Index]]  # side of some blocks -> where each of their bits lies
    codes: dict[int, Tensor]  # int64


def cut_tensor(matrix: Tensor, block: int, boundary: str) -> Cut:
    """Cut one int32 matrix; raises InputError where it has no block."""
    rows, cols = shape = (matrix.shape[0], matrix.shape[1])
    stride = 1 if boundary == "overlapping" else block
    if boundary == "periodic":
        row, col = (torch.arange(-(-n // block) * block, device=matrix.device) for n in shape)
        matrix = matrix[(row % rows)[:, None], col % cols]
    high, wide = (max(0, (size - block) // stride + 1) for size in matrix.shape)
    high, wide = (high, wide) if high and wide else (0, 0)
    places: dict[int, list[Index]] = {}
    if high:
        places[block] = [
            (
                slice(i, i + (high - 1) * stride + 1, stride),
                slice(j, j + (wide - 1) * stride + 1, stride),
            )
            for i, j in product(range(block), repeat=2)
        ]
    if boundary == "recursive" or not high:  # raises where there is no block at all
        singles = cut([shape], block, boundary, [Grid(0, 0, high, wide)])
        for side in set(singles.side.tolist()):
            chosen = singles.side == side
            top, left = (
                torch.from_numpy(each[chosen].astype(np.int64)).to(matrix.device)
                for each in (singles.row, singles.col)
            )
            places[side] = [(top + i, left + j) for i, j in product(range(side), repeat=2)]
    codes = {side: _codes(matrix, where) for side, where in places.items()}
    return Cut(
        shape=shape,
        source=matrix,
        boundary=boundary,
        side=block,
        stride=stride,
        places=places,
        codes=codes,
    )


def _codes(matrix: Tensor, where: list[Index]) -> Tensor:
    code = matrix[where[0]].clone()
    for bit, index in enumerate(where[1:], 1):
        code |= matrix[index] << bit
    return code.long()


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What copies of the symbols of a pool add to its complexity."""

    offsets: dict[int, int]  # first symbol of the blocks of each side
    counts: Tensor  # int64
    first: Tensor  # float64: what the first copy of a symbol adds
    inc: Tensor  # float64: what one more copy adds where some are there

    def last(self, symbol: Tensor, copies: Tensor) -> Tensor:
        """What the last of so many copies of a symbol adds."""
        return torch.where(copies > 1, self.inc[(copies - 1).clamp(min=0)], self.first[symbol])

    def more(self, symbol: Tensor, copies: Tensor) -> Tensor:
        """What one more copy of a symbol adds when so many are there."""
        return torch.where(copies > 0, self.inc[copies.clamp(min=0)], self.first[symbol])


def count_copies(cuts: list[Cut], complexity: str, block: int, boundary: str) -> Steps:
    """Count the blocks of the matrices of a pool."""
    shift = block * block + (1 if boundary == "recursive" and block > 2 else 0)
    offsets = offsets_of(block, shift)
    symbols = [code.flatten() + offsets[side] for each in cuts for side, code in each.codes.items()]
    counts = torch.bincount(torch.cat(symbols), minlength=1 << shift)
    most = int(counts.max()) + block * block  # a cell moves no more blocks than that
    size = sum(len(each) for each in symbols) if complexity == "entropy" else 1
    first, inc = (
        torch.from_numpy(table / size).to(counts.device)
        for table in (
            first_steps(complexity, block, shift),
            increments(complexity, most.bit_length()),
        )
    )
    return Steps(offsets=offsets, counts=counts, first=first, inc=inc)
