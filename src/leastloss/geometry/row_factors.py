"""Cholesky factors of rows with supports of their own, in batches of about equal size, by torch."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from leastloss.arguments import lacks_memory
from leastloss.geometry.wide_layers import cholesky

CHUNK = 8_000_000  # numbers of a batch of matrices: bounds the memory, not the result
_SLACK = 1.15  # rows of a batch differ in size by at most this: padding is wasted work
_Factored: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor]


def solve_batches(
    moments: Tensor, cross: Tensor | None, mask: Tensor, ridge: Tensor, *, diagonals: bool
) -> tuple[Tensor, Tensor]:
    """As :func:`leastloss.geometry.row_solves.solve_rows`, on the device that the moments are on.

    Example:
        >>> s, t = torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double(), torch.ones(2, 1).double()
        >>> mask, ridge = torch.tensor([[True, False]]), torch.full((2,), 1e-9).double()
        >>> weights, _ = solve_batches(s, t, mask, ridge, diagonals=False)
        >>> weights.round(decimals=4)
        tensor([[0.5000, 0.0000]], dtype=torch.float64)
    """
    weights, spread = moments.new_zeros(2, *mask.shape, dtype=torch.float64)
    for rows, support, factor, valid in factors(moments, mask, ridge):
        where = rows[:, None], support
        if cross is not None and valid is None:  # one support for all rows
            weights[where] = torch.cholesky_solve(cross[support][:, rows], factor).T
        elif cross is not None and valid is not None:
            right = (cross[support, rows[:, None]] * valid)[:, :, None]
            weights[where] = torch.cholesky_solve(right, factor)[:, :, 0] * valid
        if diagonals:
            diagonal = torch.cholesky_inverse(factor).diagonal(dim1=-2, dim2=-1)
            spread[where] = diagonal.expand(len(rows), -1) if valid is None else diagonal * valid
    return weights, spread


def factors(
    moments: Tensor, mask: Tensor, ridge: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor | None]]:
    """Cholesky factors with the rows and inputs they are of; ``valid`` marks what is no padding."""
    supports, owner, sharing = torch.unique(mask, dim=0, return_inverse=True, return_counts=True)
    sizes = supports.sum(dim=1)
    for shared in ((sharing > 1) & (sizes > 0)).nonzero()[:, 0]:
        support = supports[shared].nonzero()[:, 0]
        block = moments[support[:, None], support] + torch.diag(ridge[support])
        yield (owner == shared).nonzero()[:, 0], support, cholesky(block), None
    single = ((sharing == 1) & (sizes > 0)).nonzero()[:, 0]
    single = single[sizes[single].argsort()]
    first = torch.empty(len(supports), dtype=torch.int64, device=mask.device)
    first[owner] = torch.arange(len(mask), device=mask.device)
    padded = functional.pad(moments, (0, 1, 0, 1)).flatten()  # what pads a block is 0
    width = len(moments) + 1

    def factored(group: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        size = int(sizes[group[-1]])
        support = supports[group].to(torch.uint8).topk(size, dim=1).indices.sort(dim=1).values
        valid = supports[group].gather(1, support)
        place = support.where(valid, width - 1)
        # One flat index: several times faster than a pair of them.
        pairs = (place[:, :, None] * width + place[:, None, :]).flatten()
        block = padded.index_select(0, pairs).view(len(group), size, size)
        block.diagonal(dim1=1, dim2=2).add_(ridge[support].where(valid, 1.0))
        return first[group], support, cholesky(block), valid

    for group in _batches(single, sizes):
        yield from _in_memory(factored, group)


def _in_memory(work: Callable[[Tensor], _Factored], group: Tensor) -> Iterator[_Factored]:
    """Work on a group of rows; where the memory is short, on its halves one after the other."""
    try:
        result = work(group)
    except (RuntimeError, MemoryError) as error:
        if not lacks_memory(error) or len(group) < 2:
            raise
    else:
        yield result
        return
    for half in group.tensor_split(2):
        yield from _in_memory(work, half)


def _batches(ordered: Tensor, sizes: Tensor) -> Iterator[Tensor]:
    """Cut supports, ordered by size, into groups that are alike in size and fit the memory."""
    known = sizes[ordered].tolist()
    start = 0
    while start < len(known):
        end = start + 1
        while (
            end < len(known)
            and known[end] <= max(known[start] * _SLACK, known[start] + 4)
            and (end - start + 1) * known[end] ** 2 <= CHUNK
        ):
            end += 1
        yield ordered[start:end]
        start = end
