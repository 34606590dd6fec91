"""What a least-squares fit loses with a group of its inputs once the others are fitted again.

The least of ``d^T (S + ridge) d`` over changes d of a row that undo the weights ``w_J`` of the
group J is ``w_J^T ([(S + ridge)^-1]_JJ)^-1 w_J``: optimal brain surgeon (Hassibi and Stork 1993) of
groups of inputs, as in ZipLM (Kurtic et al. 2023).
"""

import torch
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry.compensation import check_problem
from leastloss.geometry.wide_layers import cholesky


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
        InputError: If shapes do not fit, a number is not finite, or S is not positive
            semi-definite.

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
    own = weights.T[groups]  # (groups, k, rows)
    return (own * torch.cholesky_solve(own, cholesky(blocks))).sum(dim=1).clamp(min=0)
