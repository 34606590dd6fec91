"""Masked least squares: the best weights on the inputs that a mask leaves, one problem per row.

For a row (output unit) with kept inputs K and moments ``S = E[x x^T]``, ``t = E[x z]`` of inputs x
and targets z, the minimum of ``E[(z - w_K^T x_K)^2] + sum_K ridge w^2`` is
``w_K = (S_KK + ridge)^-1 t_K``. What it would cost to lose one more weight a, the others being
fitted again, is exactly ``w_a^2 / [(S_KK + ridge)^-1]_aa``: optimal brain surgeon (Hassibi and
Stork 1993; row by row, Frantar and Alistarh 2022). Rows with the same support share one factor; all
others are factored in batches of about equal size.
Where that is too much work, as in wide layers, :mod:`leastloss.geometry.wide_layers` does without.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeAlias

import torch
from scipy.linalg.lapack import dtrtri
from threadpoolctl import ThreadpoolController
from torch import Tensor
from torch.nn import functional

from leastloss.arguments import lacks_memory
from leastloss.errors import InputError
from leastloss.geometry.wide_layers import (
    cholesky,
    conjugate_gradients,
    interpolated_diagonals,
    is_wide,
)

CHUNK = 8_000_000  # numbers of a batch of matrices: bounds the memory, not the result
_Factored: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor]
_SLACK = 1.15  # rows of a batch differ in size by at most this: padding is wasted work


def masked_least_squares(
    moments: Tensor,
    cross: Tensor,
    mask: Tensor,
    ridge: Tensor,
    *,
    diagonals: Tensor | None = None,
    start: Tensor | None = None,
) -> Tensor:
    """Fit every row on the inputs that it keeps.

    Args:
        moments: S, shape (d, d), float64, positive semi-definite.
        cross: Moments of inputs and targets, shape (d, rows).
        mask: True where an input is kept, shape (rows, d).
        ridge: Added to the diagonal of S, shape (d,), above 0.
        diagonals: Zeros of shape (rows, d), float64; filled with what :func:`inverse_diagonals`
            returns, at half its cost.
        start: Weights to begin with where the solution is found step by step, shape (rows, d).

    Returns:
        Weights, shape (rows, d), float64; 0 where the mask is False.

    Raises:
        InputError: If shapes do not fit, a number is not finite, or S is not positive
            semi-definite.

    Example:
        >>> s, t = torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double(), torch.ones(2, 1).double()
        >>> mask, ridge = torch.tensor([[True, False]]), torch.full((2,), 1e-9).double()
        >>> masked_least_squares(s, t, mask, ridge).round(decimals=4)
        tensor([[0.5000, 0.0000]], dtype=torch.float64)
    """
    check_problem(moments, mask, ridge)
    if cross.shape != mask.T.shape or not torch.isfinite(cross).all():
        raise InputError(
            f"cross moments have shape {tuple(cross.shape)}; they must be finite and of shape "
            f"{tuple(mask.T.shape)}"
        )
    if is_wide(mask):
        if diagonals is not None:
            diagonals.copy_(interpolated_diagonals(moments, mask, ridge))
        return conjugate_gradients(moments, cross, mask, ridge, start)
    weights = torch.zeros(mask.shape, dtype=torch.float64, device=moments.device)
    for rows, support, factor, valid in factors(moments, mask, ridge):
        if valid is None:  # one support for all rows
            weights[rows[:, None], support] = torch.cholesky_solve(
                cross[support][:, rows], factor
            ).T
        else:
            right = (cross[support, rows[:, None]] * valid)[:, :, None]
            weights[rows[:, None], support] = torch.cholesky_solve(right, factor)[:, :, 0] * valid
        if diagonals is not None:
            _put_diagonals(diagonals, rows, support, factor, valid)
    return weights


def inverse_diagonals(moments: Tensor, mask: Tensor, ridge: Tensor) -> Tensor:
    """The diagonal of ``(S_KK + ridge)^-1`` of every row's kept inputs K.

    Arguments and errors are those of :func:`masked_least_squares`.

    Returns:
        Shape (rows, d), float64, above 0 where the mask is True and 0 elsewhere; of wide layers,
        interpolated.

    Example:
        >>> s, ridge = torch.diag(torch.tensor([1.0, 3.0])).double(), torch.ones(2).double()
        >>> inverse_diagonals(s, torch.tensor([[True, True], [False, True]]), ridge)
        tensor([[0.5000, 0.2500],
                [0.0000, 0.2500]], dtype=torch.float64)
    """
    check_problem(moments, mask, ridge)
    if is_wide(mask):
        return interpolated_diagonals(moments, mask, ridge)
    diagonals = torch.zeros(mask.shape, dtype=torch.float64, device=moments.device)
    for rows, support, factor, valid in factors(moments, mask, ridge):
        _put_diagonals(diagonals, rows, support, factor, valid)
    return diagonals


def _put_diagonals(
    diagonals: Tensor, rows: Tensor, support: Tensor, factor: Tensor, valid: Tensor | None
) -> None:
    diagonal = _inverse_diagonal(factor)
    if valid is None:
        diagonals[rows[:, None], support] = diagonal.expand(len(rows), -1)
    else:
        diagonals[rows[:, None], support] = diagonal * valid


def check_problem(moments: Tensor, mask: Tensor, ridge: Tensor) -> None:
    """Refuse shapes that do not fit, moments that are not finite, and a ridge of 0."""
    size = mask.shape[-1]
    if mask.ndim != 2 or moments.shape != (size, size) or ridge.shape != (size,):
        raise InputError(
            f"moments {tuple(moments.shape)}, mask {tuple(mask.shape)} and ridge "
            f"{tuple(ridge.shape)} do not fit; they must be (d, d), (rows, d) and (d,)"
        )
    if not torch.isfinite(moments).all() or not bool((ridge > 0).all()):
        raise InputError("moments must be finite, and the ridge above 0")


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


def _inverse_diagonal(factor: Tensor) -> Tensor:
    """Diagonal of ``(L L^T)^-1``, shape (..., d): the squared lengths of the columns of L^-1."""
    if factor.device.type != "cpu":
        return torch.cholesky_inverse(factor).diagonal(dim1=-2, dim2=-1)
    # Half the work of the whole inverse; torch has no inverse of a triangle. SciPy's threads and
    # torch's would wait for each other.
    with _blas().limit(limits=1, user_api="blas"):
        diagonals = [
            torch.from_numpy(dtrtri(block.numpy(), lower=1)[0]).square().sum(dim=0)
            for block in factor.reshape(-1, *factor.shape[-2:])
        ]
    return torch.stack(diagonals).view(factor.shape[:-1])


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()
