"""Information losses by torch, for weights that are on a GPU: the same results, on the device.

Every matrix is cut by slices, its blocks are counted by ``bincount``, and every loss is read from
two tables with one entry per symbol (see ``loss_kernels``). Cells of several blocks are moved block
by block, each move on the counts that the moves before it have left.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import torch
from torch import Tensor

from leastloss.errors import InputError, choose
from leastloss.information.blocks import BOUNDARIES
from leastloss.information.complexity import COMPLEXITIES, pools_of
from leastloss.information.engine.torch_blocks import Cut, Steps, count_copies, cut_tensor
from leastloss.information.inputs import check_block

_BATCH = 1 << 20  # cells of several blocks at a time: 16 moves take about 500 bytes a cell


def information_loss(
    tensors: Sequence[Tensor],
    *,
    complexity: str = "bdm",
    block: int = 4,
    boundary: str = "ignore",
    pooled: bool | Sequence[int] = True,
) -> list[Tensor]:
    """:func:`leastloss.information.information_loss` of torch tensors, on their own device.

    Args:
        tensors: Binary matrices, all on one device that has float64.
        complexity: ``"bdm"`` or ``"entropy"``.
        block: Side of the blocks: 2, 3 or 4.
        boundary: ``"ignore"``, ``"recursive"``, ``"periodic"`` or ``"overlapping"``.
        pooled: True: the blocks of all matrices are counted together; False: each matrix alone;
            or one label per matrix.

    Returns:
        float64 tensors of the shapes given, in bits: NaN where the cell is 0 already, 0 where no
        block covers it.

    Raises:
        InputError: If a tensor is not a binary matrix or has no block, the tensors are on several
            devices, or an option is unknown.

    Example:
        >>> matrix = torch.kron(torch.eye(2), torch.ones(4, 4))
        >>> (loss,) = information_loss([matrix])
        >>> round(loss[0, 0].item(), 4)
        -22.3479
    """
    block = check_block(block)
    choose("complexity", complexity, COMPLEXITIES)
    choose("boundary", boundary, BOUNDARIES)
    cuts = [cut_tensor(matrix, block, boundary) for matrix in _binary(tensors)]
    pools = pools_of(pooled, len(cuts)).tolist()
    losses: dict[int, Tensor] = {}
    for pool in set(pools):
        members = [m for m, label in enumerate(pools) if label == pool]
        steps = count_copies([cuts[m] for m in members], complexity, block, boundary)
        losses |= {m: _losses(cuts[m], steps) for m in members}
    return [losses[m] for m in range(len(cuts))]


def _binary(tensors: Sequence[Tensor]) -> list[Tensor]:
    if not isinstance(tensors, list | tuple) or not tensors:
        raise InputError("a list of at least one torch tensor is needed")
    for m, part in enumerate(tensors):
        if not isinstance(part, Tensor):
            raise InputError(f"matrix {m} is a {type(part).__name__}; a torch tensor is needed")
        if part.dtype.is_complex or part.ndim != 2 or part.numel() == 0:
            raise InputError(
                f"matrix {m} has dtype {part.dtype} and shape {tuple(part.shape)}; a non-empty "
                "2-D matrix of zeros and ones is needed"
            )
        if part.device != tensors[0].device:
            raise InputError(f"matrix {m} is on {part.device}, matrix 0 on {tensors[0].device}")
        if not bool(((part == 0) | (part == 1)).all()):
            raise InputError(f"matrix {m} holds something else than 0 and 1")
    return [part.detach().to(torch.int32) for part in tensors]


def _losses(part: Cut, steps: Steps) -> Tensor:
    loss = torch.zeros(part.source.shape, dtype=torch.float64, device=part.source.device)
    if part.boundary != "overlapping":  # there, nearly all cells lie in several blocks
        symbols = torch.arange(len(steps.first), device=loss.device)
        down, up = steps.last(symbols, steps.counts), steps.more(symbols, steps.counts)
        for side, where in part.places.items():
            symbol = part.codes[side] + steps.offsets[side]
            last = down[symbol]
            for bit, index in enumerate(where):
                loss[index] = last - up[symbol & ~(1 << bit)]
    rows, cols = part.shape
    loss = loss[:rows, :cols].contiguous()
    ones = part.source[:rows, :cols] == 1
    row, col = (ones & _shared(part)).nonzero(as_tuple=True)
    for begin in range(0, len(row), _BATCH):
        r, c = row[begin : begin + _BATCH], col[begin : begin + _BATCH]
        loss[r, c] = _joint_losses(part, steps, r, c)
    return loss.masked_fill_(~ones, torch.nan)


def _shared(part: Cut) -> Tensor:
    """Cells that may lie in several blocks."""
    (rows, cols), (high, wide) = part.shape, part.source.shape
    row = torch.arange(rows, device=part.source.device)[:, None]
    col = torch.arange(cols, device=part.source.device)
    if part.boundary == "overlapping":
        return (row >= 0) & (col >= 0)
    return (row + rows < high) | (col + cols < wide)  # those to which the matrix wraps around


def _occurrences(part: Cut, row: Tensor, col: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Where cells lie in the blocks: row and column in the source, then within the block.

    What is beyond the last block, or before the first, has to be left out.
    """
    if part.boundary == "overlapping":
        for i, j in product(torch.arange(part.side, device=row.device), repeat=2):
            yield row, col, i, j
        return
    turns = (-(-part.source.shape[axis] // part.shape[axis]) for axis in (0, 1))
    for down, across in product(*(range(n) for n in turns)):
        r, c = row + down * part.shape[0], col + across * part.shape[1]
        yield r, c, r % part.side, c % part.side


def _joint_losses(part: Cut, steps: Steps, row: Tensor, col: Tensor) -> Tensor:
    """Loss of cells of several blocks, which move one after the other."""
    codes = part.codes[part.side] + steps.offsets[part.side]
    high, wide = codes.shape
    loss = torch.zeros(len(row), dtype=torch.float64, device=row.device)
    moves: list[tuple[Tensor, Tensor, Tensor]] = []  # the block, its symbol before and after
    for r, c, i, j in _occurrences(part, row, col):
        top, left = (r - i) // part.stride, (c - j) // part.stride
        valid = (top >= 0) & (top < high) & (left >= 0) & (left < wide)
        window = torch.where(valid, top * wide + left, -1)
        old = codes.flatten()[window.clamp(min=0)]
        for other, _, after in moves:  # a small matrix wraps around to the same block again
            old = torch.where(other == window, after, old)
        new = torch.where(valid, old & ~(1 << (i * part.side + j)), old)
        here, there = steps.counts[old], steps.counts[new]
        for _, before, after in moves:
            here += (after == old).long() - (before == old).long()
            there += (after == new).long() - (before == new).long()
        step = steps.last(old, here) - steps.more(new, there)
        loss += torch.where(old != new, step, 0.0)
        moves.append((window, old, new))
    return loss
