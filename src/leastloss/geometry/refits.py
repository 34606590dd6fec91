"""Refits of single units: Gauss-Newton on one unit's weights, units one after the other.

For unit b with inputs x and slopes ``J_n`` (a metric's root times the derivative of the logits by
its pre-activation), a change of its weights by d moves the weighted logits by ``J_n d^T x_n`` to
first order. With residual ``r_n`` the best change solves
``sum_n w_n |J_n|^2 x_n x_n^T d = sum_n w_n (J_n . r_n) x_n``. The next unit sees the residual that
is left (Gauss-Seidel), so that units do not correct the same error twice.
"""

import torch
from torch import Tensor


def refit_units(
    inputs: Tensor,
    slopes: Tensor,
    residual: Tensor,
    mask: Tensor,
    chosen: Tensor,
    weights: Tensor,
    *,
    damping: float,
    bias: bool,
) -> tuple[Tensor, Tensor]:
    """Changes of a layer's kept weights and biases that take away most of a residual.

    Args:
        inputs: What the layer reads, shape (n, d).
        slopes: Shape (n, units, columns).
        residual: Shape (n, columns).
        mask: Kept weights, shape (units, d).
        chosen: Which units are refitted, shape (units,); the others stay as they are.
        weights: Weight of each sample, shape (n,), at least 0.
        damping: Levenberg-Marquardt, as a share of the unit's own curvature plus the layer's mean
            one; above 0. With its own alone, a unit that hardly moves the logits would take steps
            without bound to make up for it.
        bias: Whether units have a bias.

    Returns:
        Change of the weights, shape (units, d), 0 where the mask is False, and of the biases,
        shape (units,).

    Example:
        >>> x, ones = torch.tensor([[1.0], [2.0]]), torch.ones(2, 1, 1)
        >>> change, _ = refit_units(
        ...     x,
        ...     ones,
        ...     3 * x,
        ...     torch.tensor([[True]]),
        ...     torch.tensor([True]),
        ...     torch.ones(2),
        ...     damping=1e-9,
        ...     bias=False,
        ... )
        >>> change.round(decimals=3)
        tensor([[3.]])
    """
    ones = inputs.new_ones(1, len(inputs)) if bias else inputs.new_ones(0, len(inputs))
    columns, share = inputs.T.contiguous(), weights.to(inputs)
    rest, by_unit = residual.clone(), slopes.permute(1, 0, 2).contiguous()
    curvature = by_unit.square().sum(dim=2) * share
    squares = share @ inputs.square().mean(dim=1) / share.sum()
    typical = float(curvature.sum(dim=1).mean() * squares)
    change = torch.zeros(mask.shape, dtype=inputs.dtype, device=inputs.device)
    shift = torch.zeros(len(mask), dtype=inputs.dtype, device=inputs.device)
    for unit in torch.nonzero(chosen & (curvature.sum(dim=1) > 0))[:, 0].tolist():
        support = mask[unit].nonzero()[:, 0]
        x = torch.cat([columns[support], ones])
        if not len(x):
            continue
        normal = ((x * curvature[unit]) @ x.T).double()
        right = (x @ ((by_unit[unit] * rest).sum(dim=1) * share)).double()
        diagonal = normal.diagonal()
        diagonal += damping * (diagonal + typical) + 1e-30
        factor, failed = torch.linalg.cholesky_ex(normal)
        if int(failed):
            continue  # rounding alone: the unit stays as it is
        step = torch.cholesky_solve(right[:, None], factor)[:, 0].to(inputs)
        rest -= by_unit[unit] * (step @ x)[:, None]
        change[unit, support] = step[: len(support)]
        if bias:
            shift[unit] = step[-1]
    return change, shift


def softmax_roots(logits: Tensor, temperature: float, floor: float) -> Tensor:
    """Roots of ``diag(p) - p p^T + floor I`` by sample, for ``p = softmax(logits / temperature)``.

    Returns:
        R with ``R^T R`` the matrix, shape (n, C, C).

    Example:
        >>> root = softmax_roots(torch.zeros(1, 2), 1.0, 0.5)[0]
        >>> (root.T @ root).round(decimals=4)
        tensor([[ 0.7500, -0.2500],
                [-0.2500,  0.7500]])
    """
    p = (logits.double() / temperature).softmax(dim=1)
    identity = torch.eye(p.shape[1], dtype=p.dtype, device=p.device)
    matrix = torch.diag_embed(p) - p[:, :, None] * p[:, None, :] + floor * identity
    values, vectors = torch.linalg.eigh(matrix)
    roots: Tensor = vectors * values.clamp(min=0).sqrt()[:, None, :]
    return roots.transpose(1, 2).to(logits).contiguous()
