"""How far the logits move when a unit does, along directions of a metric that knows the classes."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from leastloss.activations import check_called, each_label, enough_of, labelled_logits, observing
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.logit_directions import MANY_CLASSES, Columns, Fixed, metric_columns
from leastloss.errors import InputError
from leastloss.models import Layer, evaluation_mode, has_maps, prunable_layers
from leastloss.seeds import torch_stream

ENOUGH = 400  # samples of each class: mean squared slopes of so many are known to a few per cent
# Backward passes (samples of each class times classes times logits) in networks of convolutions:
# on a ResNet-20, 10 samples of each of 10 classes give slopes to 6 per cent.
SLOPES = 1000
SAMPLES = 100  # in all, where classes are many: not each of them needs one


def unit_moves(
    context: ScoringContext, columns: Columns, *, balanced: bool = True, most: int = 0
) -> dict[str, Tensor]:
    """Mean squared slope of the logits by each unit's pre-activation, along each column.

    Args:
        context: What to score; each layer of its masks runs once in a forward pass.
        columns: The directions in logit space.
        balanced: Average over classes first; False averages over samples.
        most: Samples of each class that are read; 0: all of them. Of networks with convolutions
            fewer are, so that the passes grow with the classes and not with their square; of more
            than 50 classes 100 samples in all.

    Returns:
        Layer name -> float64 tensor (columns, units); in a convolution summed over positions.

    Raises:
        InputError: If a sample or logit is not finite, the logits are not (n, C) or do not depend
            on a layer, or a class has no training sample.
    """
    layers = prunable_layers(context.model, list(context.masks))
    if has_maps(context.model):
        enough = max(2, SLOPES // context.train.classes**2)
        most = min(most or enough, enough)
    train, shares = enough_of(context.train, context.model, balanced=balanced, most=most)
    many = has_maps(context.model) and train.classes > MANY_CLASSES
    if many and len(train) > SAMPLES:
        draw = torch.randperm(len(train), generator=torch_stream(0, "slopes"))[:SAMPLES]
        train, shares = train.subset(draw.sort().values), shares * (len(train) / SAMPLES)
    moves: dict[str, Tensor] = {}
    at_once = len(columns.root) if isinstance(columns, Fixed) and columns.many else 1
    with evaluation_mode(context.model):
        for x, y in each_label(train, context.model, at_once=at_once):
            with observing(layers, lambda *_: None) as outputs, torch.enable_grad():
                logits, labels = labelled_logits(context.model, x, y)
            weights = shares.to(labels.device)[labels]
            check_called(layers, outputs)
            if not logits.requires_grad:
                raise InputError(f"the logits do not depend on layer {next(iter(layers))!r}")
            for name, moment in _moments(logits, layers, outputs, columns, weights).items():
                moves[name] = moves[name] + moment if name in moves else moment
    return {name: moves[name] for name in layers}


def metric_moves(
    context: ScoringContext, metric: str, *, gamma: float = 0.01, balanced: bool
) -> dict[str, Tensor]:
    """How far each unit moves the logits in a metric: layer -> float64 tensor (units,).

    Arguments are those of :func:`metric_columns`; the metric ``none`` stands for no moves at all.
    """
    if metric == "none":
        return {}
    columns = metric_columns(context, metric, gamma=gamma, balanced=balanced)
    moves = unit_moves(context, columns, balanced=balanced, most=ENOUGH)
    return {name: move.sum(dim=0) for name, move in moves.items()}


def _moments(
    logits: Tensor,
    layers: Mapping[str, Layer],
    outputs: Mapping[str, Tensor],
    columns: Columns,
    weights: Tensor,
) -> dict[str, Tensor]:
    """Weighted sums over samples of squared slopes: layer -> float64 (columns, units)."""
    roots = weights.sqrt().to(logits)[:, None]  # slopes of a sample grow with its share of a sum

    def slopes(column: Tensor) -> dict[str, Tensor]:
        gradients = torch.autograd.grad(
            logits,
            list(outputs.values()),
            roots * column,
            retain_graph=True,
            materialize_grads=True,
        )
        return {
            name: _flat(layers[name], slope) for name, slope in zip(outputs, gradients, strict=True)
        }

    if not (isinstance(columns, Fixed) and columns.many):
        by_column = [
            {name: part.square().sum(dim=1) for name, part in slopes(column).items()}
            for column in columns(logits)
        ]
        return {n: torch.stack([moment[n] for moment in by_column]).double() for n in outputs}
    # More columns than logits (pairs of classes): what all of them need is in the products of the
    # slopes of single logits, C backward passes instead of one for each column.
    identity = torch.eye(logits.shape[1]).to(logits)
    by_logit = [slopes(row.expand_as(logits)) for row in identity]
    moments = {}
    for name in outputs:
        each = torch.stack([slope[name] for slope in by_logit], dim=1)  # (units, C, samples)
        products = (each @ each.transpose(1, 2)).double()
        root = columns.root.to(products)
        moments[name] = ((products @ root) * root).sum(dim=1).clamp(min=0).T
    return moments


def _flat(layer: Layer, slope: Tensor) -> Tensor:
    """One row for each unit: slopes of all samples and positions."""
    if isinstance(layer, nn.Linear):
        return slope.reshape(-1, slope.shape[-1]).T
    return slope.transpose(0, 1).flatten(1)
