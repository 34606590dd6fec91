"""Masked least squares: the best weights on the inputs that a mask leaves, one problem per row.

For a row (output unit) with kept inputs K and moments ``S = E[x x^T]``, ``t = E[x z]`` of inputs x
and targets z, the minimum of ``E[(z - w_K^T x_K)^2] + sum_K ridge w^2`` is
``w_K = (S_KK + ridge)^-1 t_K``. What it would cost to lose one more weight a, the others being
fitted again, is exactly ``w_a^2 / [(S_KK + ridge)^-1]_aa``: optimal brain surgeon (Hassibi and
Stork 1993; row by row, Frantar and Alistarh 2022). Rows with the same support share one factor.
Where that is too much work, as in wide layers, :mod:`leastloss.geometry.wide_layers` does without.

Of a group J of inputs the cost is ``w_J^T ([(S + ridge)^-1]_JJ)^-1 w_J``, the least of
``d^T (S + ridge) d`` over changes d of the row that undo ``w_J``, as in ZipLM (Kurtic et al. 2023).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry.row_factors import solve_batches
from leastloss.geometry.row_solves import solve_rows
from leastloss.geometry.wide_layers import cholesky, conjugate_gradients, interpolated_diagonals

EXACT = 3 * 10**10  # multiplications of all factors of a layer above which none is made: seconds


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
    weights, filled = _solver(moments)(moments, cross, mask, ridge, diagonals=diagonals is not None)
    if diagonals is not None:
        diagonals.copy_(filled)
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
    return _solver(moments)(moments, None, mask, ridge, diagonals=True)[1]


def group_costs(
    moments: Tensor, weights: Tensor, groups: Tensor, kept: Tensor, ridge: Tensor
) -> Tensor:
    """What every row loses with each group of inputs.

    Args:
        moments: S, shape (d, d), float64, positive semi-definite.
        weights: Shape (rows, d), float64; 0 where an input is not kept.
        groups: The inputs of each group, shape (groups, k).
        kept: Inputs that are there, and may be fitted again, shape (d,).
        ridge: Added to the diagonal of S, shape (d,), above 0.

    Returns:
        Shape (groups, rows), float64, at least 0.

    Raises:
        InputError: As of :func:`masked_least_squares`.

    Example:
        >>> s, w = torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double(), torch.ones(1, 2).double()
        >>> alone, ridge = torch.tensor([[0], [1]]), torch.full((2,), 1e-9).double()
        >>> group_costs(s, w, alone, torch.tensor([True, True]), ridge).round(decimals=4).tolist()
        [[1.5], [1.5]]
    """
    check_problem(moments, kept[None], ridge)
    fits = weights.ndim == 2 and weights.shape[1] == len(kept)
    if not fits or not torch.isfinite(weights).all():
        raise InputError(
            f"weights have shape {tuple(weights.shape)}; they must be finite and of shape "
            f"(rows, {len(kept)})"
        )
    both = kept[:, None] & kept
    unit = torch.eye(len(moments), dtype=moments.dtype, device=moments.device)
    inverse = torch.cholesky_inverse(cholesky((moments + torch.diag(ridge)).where(both, unit)))
    blocks = inverse[groups[:, :, None], groups[:, None, :]]  # (groups, k, k)
    removed = weights.T[groups]  # (groups, k, rows)
    return (removed * torch.cholesky_solve(removed, cholesky(blocks))).sum(dim=1).clamp(min=0)


def is_wide(mask: Tensor) -> bool:
    """Whether the factors of all supports of a layer's rows are too much work.

    Args:
        mask: Which inputs each row keeps, shape (rows, d).

    Example:
        >>> is_wide(torch.ones(64, 576) > 0), is_wide(torch.rand(4096, 4096) < 0.5)
        (False, True)
    """
    sizes = mask.sum(dim=1).double()
    if float((sizes**3).sum()) / 3 <= EXACT:
        return False
    return float((torch.unique(mask, dim=0).sum(dim=1).double() ** 3).sum()) / 3 > EXACT


def _solver(moments: Tensor) -> Callable[..., tuple[Tensor, Tensor]]:
    return solve_rows if moments.device.type == "cpu" else solve_batches


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
