"""What a single weight does to the logits, in a metric that knows the classes.

Taking a weight ``w_ab`` out moves the pre-activation of unit b by ``-w_ab x_a`` and the logits by
``-w_ab x_a J_b`` to first order. In a metric F of logit space, with input and Jacobian taken as
independent, the expected squared move is ``w_ab^2 E[x_a^2] E[||J_b F^{1/2}||^2]``: the diagonal of
a Gauss-Newton matrix (Schraudolph 2002) in Kronecker-factored form (Martens and Grosse 2015), used
as in optimal brain damage (LeCun et al. 1990). It compares over layers as it stands.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn

from leastloss.criteria.base import Scores, ScoringContext
from leastloss.criteria.probe import batches, class_shares, logits_of, observing
from leastloss.errors import InputError
from leastloss.geometry import StatisticsAccumulator, regularised_inverse
from leastloss.models.layers import Layer, effective_weight, prunable_layers
from leastloss.models.running import evaluation_mode

Columns: TypeAlias = Callable[[Tensor], Iterable[Tensor]]
"""Logits (n, C) -> the columns of F^{1/2}, each with one row per sample: tensors (n, C)."""


def gauss_newton_scores(
    context: ScoringContext, *, metric: str, gamma: float, balanced: bool, latent: bool
) -> Scores:
    """Score every weight by the expected squared move of the logits when it goes.

    In a convolution ``x_a`` is averaged and ``J_b`` summed over positions.

    Args:
        context: What to score; each layer of its masks must run once in a forward pass.
        metric: ``discriminant`` (``F = Q S_B Q`` of the logits), ``logit`` (``F = I``) or
            ``cross-entropy`` (``F = diag(p) - p p^T`` of each sample).
        gamma: Ridge of Q.
        balanced: Average over classes first; False averages over samples.
        latent: Take ``w`` of binary layers as the latent weight; False: as its sign.

    Returns:
        One array per layer, of the weight's shape; NaN where the weight is pruned already.

    Raises:
        InputError: If a weight, an input or a logit is not finite, the logits are not (n, C), a
            class has no training sample, or a layer runs never or twice.
    """
    layers = prunable_layers(context.model, list(context.masks))
    shares = class_shares(context.train, balanced=balanced)
    with evaluation_mode(context.model):
        columns = _metric_columns(context, metric, gamma, balanced)
        inputs, moves = _second_moments(context, layers, columns, shares)
    scores: Scores = {}
    for name, mask in context.masks.items():
        layer = layers[name]
        weight = (layer.weight.detach() if latent else effective_weight(layer)).double()
        move = moves[name].reshape(-1, *(1,) * (weight.ndim - 1))
        score = weight.square() * inputs[name] * move
        scores[name] = score.where(mask.to(score.device), torch.nan).cpu().numpy()
    return scores


def _metric_columns(context: ScoringContext, metric: str, gamma: float, balanced: bool) -> Columns:
    """The columns of a square root of the metric."""
    if metric == "cross-entropy":
        return _cross_entropy_columns
    if metric == "logit":
        return lambda logits: _fixed_columns(torch.eye(logits.shape[1]), logits)
    accumulator = StatisticsAccumulator(context.train.classes)
    with torch.no_grad():
        for x, y in batches(context.train, context.model):
            accumulator.update(logits_of(context.model, x), y)
    statistics = accumulator.result(balanced=balanced)
    inverse = regularised_inverse(statistics.within, gamma)
    values, vectors = torch.linalg.eigh(inverse @ statistics.between @ inverse)
    large = values > 1e-12 * values[-1].clamp(
        min=0
    )  # at most C - 1 are: the centred class means add up to 0
    return partial(_fixed_columns, vectors[:, large] * values[large].sqrt())


def _fixed_columns(root: Tensor, logits: Tensor) -> Iterable[Tensor]:
    return (column.to(logits).expand_as(logits) for column in root.T)


def _cross_entropy_columns(logits: Tensor) -> Iterable[Tensor]:
    """Columns ``sqrt(p_k) (e_k - p)``: their outer products add up to ``diag(p) - p p^T``."""
    p = logits.detach().softmax(dim=1)
    units = torch.eye(p.shape[1], dtype=p.dtype, device=p.device)
    return (p[:, k : k + 1].sqrt() * (units[k] - p) for k in range(p.shape[1]))


def _second_moments(
    context: ScoringContext, layers: dict[str, Layer], columns: Columns, shares: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Mean squared inputs, as of each weight, and mean squared moves ``||J_b F^{1/2}||^2``."""
    device = next(context.model.parameters()).device
    moves = {
        name: torch.zeros(len(layer.weight), dtype=torch.float64, device=device)
        for name, layer in layers.items()
    }
    inputs = {name: torch.zeros((), dtype=torch.float64, device=device) for name in layers}
    for x, y in batches(context.train, context.model):
        weights = shares.to(device)[y]

        def look(name: str, values: Tensor, weights: Tensor = weights) -> None:
            inputs[name] = inputs[name] + _input_moment(layers[name], values, weights)

        with observing(layers, look) as outputs, torch.enable_grad():
            logits = logits_of(context.model, x)
        idle = [name for name in layers if name not in outputs]
        if idle or not logits.requires_grad:
            raise InputError(f"the logits do not depend on layer {[*idle, *layers][0]!r}")
        for column in columns(logits):
            gradients = torch.autograd.grad(
                logits, list(outputs.values()), column, retain_graph=True, materialize_grads=True
            )
            for name, gradient in zip(outputs, gradients, strict=True):
                moves[name] += _unit_moment(layers[name], gradient, weights)
    for name, moment in inputs.items():
        if not torch.isfinite(moment).all():
            raise InputError(f"inputs of layer {name!r} are not finite (NaN or infinity)")
    return inputs, moves


def _input_moment(layer: Layer, values: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum over samples of the squared input of each weight, mean over positions."""
    squares = values.square()
    if isinstance(layer, nn.Linear):
        by_sample = squares.reshape(len(values), -1, squares.shape[-1]).mean(dim=1)
        return (weights.to(by_sample) @ by_sample).double()
    # The layer run on squares is linear in its weight: the slope of the mean output is the moment.
    probe = torch.zeros_like(layer.weight, requires_grad=True)
    with torch.enable_grad():
        means = layer._conv_forward(squares, probe, None).mean(dim=(2, 3)).sum(dim=1)
    return torch.autograd.grad(weights.to(means) @ means, probe)[0].double()


def _unit_moment(layer: Layer, gradient: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum over samples of the squared gradient of each unit, sum over positions."""
    squares = gradient.square()
    if isinstance(layer, nn.Linear):
        by_sample = squares.reshape(len(gradient), -1, squares.shape[-1]).sum(dim=1)
    else:
        by_sample = squares.sum(dim=(2, 3))
    return (weights.to(by_sample) @ by_sample).double()
