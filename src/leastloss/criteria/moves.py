"""How far the logits move when a unit does, along directions of a metric that knows the classes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Fixed:
    """Columns that are the same for every sample: a root of shape (C, columns)."""

    root: Tensor

    def __call__(self, logits: Tensor) -> Iterable[Tensor]:
        """See :data:`Columns`."""
        return (column.to(logits).expand_as(logits) for column in self.root.T)


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
    moves: dict[str, Tensor] = {}
    with evaluation_mode(context.model):
        for x, y in batches(train, context.model):
            weights = shares.to(y.device)[y]
            with observing(layers, lambda *_: None) as outputs, torch.enable_grad():
                logits = logits_of(context.model, x)
            idle = [name for name in layers if name not in outputs]
            if idle or not logits.requires_grad:
                raise InputError(f"the logits do not depend on layer {[*idle, *layers][0]!r}")
            for name, moment in _moments(logits, layers, outputs, columns, weights).items():
                moves[name] = moves[name] + moment if name in moves else moment
    return {name: moves[name] for name in layers}


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
        return lambda logits: Fixed(torch.eye(logits.shape[1]))(logits)
    means, inverse, weights = _logit_geometry(context, gamma, balanced)
    between = means.T @ (weights[:, None] * means)
    values, vectors = torch.linalg.eigh(inverse @ between @ inverse)
    # At most C - 1 are large: the centred class means add up to 0.
    large = values > 1e-12 * values[-1].clamp(min=0)
    return _fixed(vectors[:, large] * values[large].sqrt())


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
    return _fixed(directions[:, apart] / distances[apart])


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


def _fixed(root: Tensor) -> Fixed:
    # Where nothing is told apart no move counts.
    return Fixed(root if root.shape[1] else root.new_zeros(len(root), 1))


def _cross_entropy_columns(logits: Tensor) -> Iterable[Tensor]:
    """Columns ``sqrt(p_k) (e_k - p)``: their outer products add up to ``diag(p) - p p^T``."""
    p = logits.detach().softmax(dim=1)
    units = torch.eye(p.shape[1], dtype=p.dtype, device=p.device)
    return (p[:, k : k + 1].sqrt() * (units[k] - p) for k in range(p.shape[1]))


def _moments(
    logits: Tensor,
    layers: Mapping[str, Layer],
    outputs: Mapping[str, Tensor],
    columns: Columns,
    weights: Tensor,
) -> dict[str, Tensor]:
    """Weighted sums over samples of squared slopes: layer -> float64 (columns, units)."""

    def slopes(column: Tensor) -> dict[str, Tensor]:
        found = torch.autograd.grad(
            logits, list(outputs.values()), column, retain_graph=True, materialize_grads=True
        )
        return {
            name: _flat(layers[name], slope, weights)
            for name, slope in zip(outputs, found, strict=True)
        }

    if not (isinstance(columns, Fixed) and columns.root.shape[1] > logits.shape[1]):
        by_column = [
            {name: part.square().sum(dim=1) for name, part in slopes(column).items()}
            for column in columns(logits)
        ]
        return {n: torch.stack([moment[n] for moment in by_column]).double() for n in outputs}
    # More columns than logits (pairs of classes): what all of them need is in the products of the
    # slopes of single logits, C backward passes instead of one for each column.
    identity = torch.eye(logits.shape[1]).to(logits)
    by_logit = [slopes(one.expand_as(logits)) for one in identity]
    found = {}
    for name in outputs:
        each = torch.stack([slope[name] for slope in by_logit], dim=1)  # (units, C, samples)
        products = (each @ each.transpose(1, 2)).double()
        root = columns.root.to(products)
        found[name] = ((products @ root) * root).sum(dim=1).clamp(min=0).T
    return found


def _flat(layer: Layer, slope: Tensor, weights: Tensor) -> Tensor:
    """One row for each unit: slopes of all samples and positions, times the weights' roots."""
    scaled = slope * weights.sqrt().to(slope).view(-1, *(1,) * (slope.ndim - 1))
    if isinstance(layer, nn.Linear):
        return scaled.reshape(-1, slope.shape[-1]).T
    return scaled.transpose(0, 1).flatten(1)
