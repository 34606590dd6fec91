"""Second moments of what a layer reads, over a draw of training samples."""

import torch
from torch import Tensor, nn

from leastloss.activations.draws import Samples
from leastloss.activations.layer_inputs import input_of, rows_of
from leastloss.errors import InputError
from leastloss.models import Layer

ROWS = 60_000  # rows (samples times positions) of a convolution's moments


def layer_rows(model: nn.Module, layer: Layer, x: Tensor, samples: int) -> Tensor:
    """Rows that a layer reads for a batch, with a one for the bias: (n, positions, groups, d).

    Args:
        model: The network.
        layer: One of its layers.
        x: The batch.
        samples: Of all batches together; decides how many positions of a map are enough.
    """
    positions = max(1, ROWS // samples) if isinstance(layer, nn.Conv2d) else 0
    rows = rows_of(layer, input_of(model, layer, x), positions)
    if layer.bias is None:
        return rows
    return torch.cat([rows, rows.new_ones(*rows.shape[:-1], 1)], dim=-1)


def moments_of(rows: Tensor, others: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum over samples, mean over positions, of ``rows^T others``: (groups, d, d').

    Float64 throughout: the largest eigenvalue of d rectified inputs is about d times their mean
    square, and float32 sums of it are off by as much as the ridge that holds the smallest one up.

    Args:
        rows: Shape (n, positions, groups, d).
        others: Shape (n, positions, groups, d').
        weights: Shape (n,).
    """
    share = (weights / rows.shape[1]).to(others.device)
    scaled = others.double() * share[:, None, None, None]
    left = rows.double().permute(2, 3, 0, 1).flatten(2)
    right = scaled.permute(2, 0, 1, 3).flatten(1, 2)
    return left @ right


def input_second_moments(model: nn.Module, layer: Layer, samples: Samples) -> Tensor:
    """Second moments of a layer's inputs (and of the one for its bias), (groups, d, d), float64.

    Raises:
        InputError: If they are not finite.
    """
    total = None
    for piece in samples.batches(model):
        rows = layer_rows(model, layer, samples.x[piece], len(samples.x))
        part = moments_of(rows, rows, samples.weights[piece])
        total = part if total is None else total + part
    assert total is not None  # a split is never empty
    if not torch.isfinite(total).all():
        raise InputError("inputs of a layer are not finite (NaN or infinity)")
    return total


def ridge_of(moments: Tensor, gamma: float, *, bias: bool) -> Tensor:
    """The ridge of a group's inputs, shape (d,): a share of their mean square, none on the bias."""
    size = len(moments) - bias
    scale = float(moments.diagonal()[:size].mean()) if size else 0.0
    ridge = torch.full((len(moments),), gamma * scale, dtype=torch.float64, device=moments.device)
    if bias:
        ridge[-1] = 0.0
    return ridge.clamp(min=1e-12 * max(scale, 1.0))  # a layer that never fires has no scale


def row_supports(layer: Layer, mask: Tensor, moments: Tensor) -> tuple[Tensor, ...]:
    """Which inputs each unit keeps, the one for its bias among them: (units, d) for each group.

    Args:
        layer: The layer.
        mask: Kept weights, of the weight's shape.
        moments: Second moments of its inputs, shape (groups, d, d).
    """
    support = mask.flatten(1).to(moments.device)
    if layer.bias is not None:
        support = torch.cat([support, support.new_ones(len(support), 1)], dim=1)
    return support.tensor_split(len(moments))
