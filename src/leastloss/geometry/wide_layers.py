"""Masked least squares of wide layers, whose rows keep inputs of their own: no factor for each.

Factors of supports of their own take ``sum |K|^3 / 3`` multiplications over the rows: a layer of
4,096 rows and inputs, half of them kept, takes ten minutes. Here all rows are solved together by
conjugate gradients, one product with S a step, from the weights that they have; and what a weight
costs is interpolated between its value with all inputs and its value alone.
"""

import torch
from torch import Tensor

from leastloss.errors import InputError

STEPS = 12  # of conjugate gradients at most
ENOUGH = 1e-4  # relative residual at which they end


def conjugate_gradients(
    moments: Tensor, cross: Tensor, mask: Tensor, ridge: Tensor, start: Tensor | None = None
) -> Tensor:
    """Fit every row on the inputs that it keeps, all rows together, step by step.

    Conjugate gradients (Hestenes and Stiefel 1952) of ``(S_KK + ridge) w = t``, scaled to a unit
    diagonal, in float32: each step is one product with S for all rows. The squared error falls with
    every step, and from the weights that a pruned layer has it mostly takes less than ten.

    Arguments and result are those of
    :func:`leastloss.geometry.compensation.masked_least_squares`.

    Example:
        >>> s, t = torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double(), torch.ones(2, 1).double()
        >>> ridge = torch.full((2,), 1e-9).double()
        >>> conjugate_gradients(s, t, torch.ones(1, 2) > 0, ridge).round(decimals=4)
        tensor([[0.3333, 0.3333]], dtype=torch.float64)
    """
    scale = (moments.diagonal() + ridge).rsqrt()
    system = moments * scale[:, None] * scale
    system.diagonal().add_(ridge * scale.square())
    system, mask_values = system.float(), mask.to(moments.device, torch.float32)
    right = (cross.T * scale).float() * mask_values
    weights = torch.zeros_like(right)
    if start is not None:
        weights = (start.to(moments) / scale).float() * mask_values
    residual = right - (weights @ system) * mask_values
    direction, size = residual.clone(), residual.square().sum(dim=1, keepdim=True)
    goal = ENOUGH**2 * right.square().sum(dim=1, keepdim=True)
    for _ in range(STEPS):
        if bool((size <= goal).all()):
            break
        moved = (direction @ system) * mask_values
        step = size / (direction * moved).sum(dim=1, keepdim=True).clamp(min=1e-30)
        step = step.where(size > goal, 0.0)
        weights.addcmul_(step, direction)
        residual.addcmul_(-step, moved)
        before, size = size, residual.square().sum(dim=1, keepdim=True)
        direction.mul_(size / before.clamp(min=1e-30)).add_(residual)
    return weights.double() * scale


def interpolated_diagonals(moments: Tensor, mask: Tensor, ridge: Tensor) -> Tensor:
    """About the diagonal of ``(S_KK + ridge)^-1``, from one inverse for all rows.

    An entry lies between ``1 / S_aa``, with no other input, and ``[S^-1]_aa``, with all of them.
    Between the two it follows, on a logarithmic scale, the share of inputs that the row keeps.

    Arguments and result are those of
    :func:`leastloss.geometry.compensation.inverse_diagonals`.
    """
    whole = moments + torch.diag(ridge)
    least = whole.diagonal().reciprocal()
    most = torch.cholesky_inverse(cholesky(whole)).diagonal().maximum(least)
    share = mask.to(moments.device, torch.float64).mean(dim=1, keepdim=True)
    return (least.log() + share * (most / least).log()).exp().where(mask.to(moments.device), 0.0)


def cholesky(block: Tensor) -> Tensor:
    """Cholesky factors, shape (..., d, d).

    Raises:
        InputError: If a matrix is not positive definite.
    """
    factor: Tensor
    factor, failed = torch.linalg.cholesky_ex(block)
    if bool(failed.any()):
        raise InputError("the moments are not positive semi-definite, so they are no moments")
    return factor
