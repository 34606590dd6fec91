"""How far the logits move when a unit does, along directions of a metric that knows the classes."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn

from leastloss.criteria.base import ScoringContext
from leastloss.criteria.probe import batches, class_shares, logits_of, observing
from leastloss.data.sample import at_most
from leastloss.errors import InputError
from leastloss.geometry import StatisticsAccumulator, regularised_inverse
from leastloss.geometry.pairs import pair_contrasts
from leastloss.models.layers import Layer, prunable_layers
from leastloss.models.running import evaluation_mode

ENOUGH = 400  # samples of each class: mean squared slopes of so many are known to a few per cent
METRICS = ("discriminant", "logit", "cross-entropy")
Columns: TypeAlias = Callable[[Tensor], Iterable[Tensor]]
"""Logits (n, C) -> the columns of F^{1/2}, each with one row per sample: tensors (n, C)."""


def unit_moves(
    context: ScoringContext, columns: Columns, *, balanced: bool = True, most: int = 0
) -> dict[str, Tensor]:
    """Mean squared slope of the logits by each unit's pre-activation, along each column.

    Args:
        context: What to score; each layer of its masks runs once in a forward pass.
        columns: The directions in logit space.
        balanced: Average over classes first; False averages over samples.
        most: Samples of each class that are read; 0: all of them.

    Returns:
        Layer name -> float64 tensor (columns, units); in a convolution summed over positions.

    Raises:
        InputError: If a sample or logit is not finite, the logits are not (n, C) or do not depend
            on a layer, or a class has no training sample.
    """
    layers = prunable_layers(context.model, list(context.masks))
    shares = class_shares(context.train, balanced=balanced)
    train = at_most(context.train, most) if most else context.train
    # What is left of a class stands for all of it.
    shares = shares * torch.from_numpy(context.train.counts() / train.counts())
    moves: dict[str, list[Tensor]] = {name: [] for name in layers}
    with evaluation_mode(context.model):
        for number, (x, y) in enumerate(batches(train, context.model)):
            weights = shares.to(y.device)[y]
            with observing(layers, lambda *_: None) as outputs, torch.enable_grad():
                logits = logits_of(context.model, x)
            idle = [name for name in layers if name not in outputs]
            if idle or not logits.requires_grad:
                raise InputError(f"the logits do not depend on layer {[*idle, *layers][0]!r}")
            for place, column in enumerate(columns(logits)):
                slopes = torch.autograd.grad(
                    logits,
                    list(outputs.values()),
                    column,
                    retain_graph=True,
                    materialize_grads=True,
                )
                for name, slope in zip(outputs, slopes, strict=True):
                    moment = _unit_moment(layers[name], slope, weights)
                    if number:
                        moves[name][place] += moment
                    else:
                        moves[name].append(moment)
    return {name: torch.stack(found) for name, found in moves.items()}


def metric_columns(
    context: ScoringContext, metric: str, *, gamma: float = 0.01, balanced: bool = True
) -> Columns:
    """The columns of a square root of a metric of logit space.

    ``discriminant``: ``F = Q S_B Q`` of the logits; ``logit``: ``F = I``; ``cross-entropy``:
    ``F = diag(p) - p p^T`` of each sample.
    """
    if metric == "cross-entropy":
        return _cross_entropy_columns
    if metric == "logit":
        return lambda logits: _fixed(torch.eye(logits.shape[1]), logits)
    means, inverse, weights = _logit_geometry(context, gamma, balanced)
    between = means.T @ (weights[:, None] * means)
    values, vectors = torch.linalg.eigh(inverse @ between @ inverse)
    # At most C - 1 are large: the centred class means add up to 0.
    large = values > 1e-12 * values[-1].clamp(min=0)
    return partial(_fixed, vectors[:, large] * values[large].sqrt())


def pair_columns(context: ScoringContext, *, gamma: float = 0.01, balanced: bool = True) -> Columns:
    """One column for each pair of classes: moves along it as a share of the pair's separation.

    With ``v = Q (mu_c - mu_c')`` of the logits the pair is ``D^2 = v^T (mu_c - mu_c')`` apart along
    v; the column is ``v / D^2``. Pairs that the network does not tell apart at all have none.
    """
    means, inverse, _ = _logit_geometry(context, gamma, balanced)
    gaps = means.T @ pair_contrasts(means)
    directions = inverse @ gaps
    distances = (directions * gaps).sum(dim=0)
    apart = distances > 1e-9 * distances.max()
    return partial(_fixed, directions[:, apart] / distances[apart])


def _logit_geometry(
    context: ScoringContext, gamma: float, balanced: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Centred class means of the logits, the inverse of their scatter, and the classes' weights."""
    accumulator = StatisticsAccumulator(context.train.classes)
    with evaluation_mode(context.model), torch.no_grad():
        for x, y in batches(context.train, context.model):
            accumulator.update(logits_of(context.model, x), y)
    statistics = accumulator.result(balanced=balanced)
    inverse = regularised_inverse(statistics.within, gamma)
    return statistics.centred_means(), inverse, statistics.weights


def _fixed(root: Tensor, logits: Tensor) -> Iterable[Tensor]:
    if not root.shape[1]:  # nothing is told apart: no move counts
        root = root.new_zeros(len(root), 1)
    return (column.to(logits).expand_as(logits) for column in root.T)


def _cross_entropy_columns(logits: Tensor) -> Iterable[Tensor]:
    """Columns ``sqrt(p_k) (e_k - p)``: their outer products add up to ``diag(p) - p p^T``."""
    p = logits.detach().softmax(dim=1)
    units = torch.eye(p.shape[1], dtype=p.dtype, device=p.device)
    return (p[:, k : k + 1].sqrt() * (units[k] - p) for k in range(p.shape[1]))


def _unit_moment(layer: Layer, slope: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum over samples of the squared slope of each unit, sum over positions."""
    squares = slope.square()
    if isinstance(layer, nn.Linear):
        by_sample = squares.reshape(len(slope), -1, squares.shape[-1]).sum(dim=1)
    else:
        by_sample = squares.sum(dim=(2, 3))
    return (weights.to(by_sample) @ by_sample).double()
