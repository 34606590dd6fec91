"""What hidden units contribute to the margins between classes, sample by sample.

The logits of one sample are taken as linear in the features of a hidden layer, with the slope that
they have at that sample: unit j contributes ``h_j dz/dh_j``, added over all layers that read it.
Behind the last hidden layer, and through BatchNorm in evaluation mode, that is exact; behind ReLU
layers it holds as long as no gate switches; through a sign it is the straight-through slope.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from leastloss.activations import class_shares, each_label, enough_of, labelled_logits
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.unit_statistics import (
    Alive,
    readings_of,
    sorted_by_unit,
    unit_statistics,
)
from leastloss.data import is_map
from leastloss.errors import InputError
from leastloss.geometry import MarginMoments
from leastloss.models import evaluation_mode, reading

BUDGET = 2**24  # contributions held at once: bounds the memory, not the result


def unit_margins(
    context: ScoringContext, alive: Alive, *, balanced: bool, folded: bool
) -> dict[str, MarginMoments]:
    """Moments of the margins, and of what each unit that is left contributes, by layer.

    ``folded`` contributions are those of the activation less its mean over classes.

    Raises:
        InputError: If the network has no such units, a logit is not finite, or a class has no
            training sample.
    """
    classes, device = context.train.classes, next(context.model.parameters()).device
    train, shares = context.train, class_shares(context.train, balanced=balanced)
    if is_map(train.y):
        train, shares = enough_of(train, context.model, balanced=balanced)
    shares = shares.to(device)
    counts = torch.from_numpy(train.counts()).to(device)
    indices = {
        name: torch.from_numpy(np.flatnonzero(units)).to(device)
        for name, units in alive.items()
        if units.any()
    }
    readings = readings_of(context, indices)
    means = {w: torch.zeros(len(indices[w[0]]), device=device) for w in readings}
    if folded:
        read = unit_statistics(context, alive, balanced=balanced)
        means = {where: statistics.mean for where, statistics in read.items()}
    sums = {name: _Sums(classes, len(rows), device) for name, rows in indices.items()}
    largest = max((len(units) for units in alive.values()), default=1)
    size = max(1, BUDGET // (classes * largest))
    modules = dict(context.model.named_modules())
    with evaluation_mode(context.model), torch.enable_grad():
        for x, y in each_label(train, context.model, min(size, 4096)):
            with _reading({reader: modules[reader] for _, reader in readings}) as inputs:
                logits, labels = labelled_logits(context.model, x, y)
            if logits.shape[1] != classes:
                raise InputError(f"there are {logits.shape[1]} logits for {classes} classes")
            slopes = _slopes(logits, inputs)
            z = logits.detach().double()
            parts: dict[str, Tensor] = {}
            for (name, reader), positions in readings.items():
                rows, mean = indices[name], means[name, reader].to(z)[:, None]
                h = sorted_by_unit(inputs[reader].detach(), positions)[:, rows] - mean
                moves = torch.stack(
                    [(h * sorted_by_unit(s, positions)[:, rows]).sum(dim=2) for s in slopes[reader]]
                )
                parts[name] = parts[name] + moves if name in parts else moves
            for name, moves in parts.items():
                sums[name].add(z, moves.double(), labels)
    return {name: total.moments(shares * counts, counts) for name, total in sums.items()}


@contextmanager
def _reading(readers: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Collect what layers read, as tensors that the outputs depend on."""
    inputs: dict[str, Tensor] = {}

    def record(name: str, values: Tensor) -> Tensor:
        if name in inputs:
            raise InputError("a layer runs twice in a forward pass; once is supported")
        inputs[name] = values if values.requires_grad else values.detach().requires_grad_()
        return inputs[name]

    with reading(readers, record):
        yield inputs


def _slopes(logits: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, list[Tensor]]:
    """Derivatives of every logit by the inputs of every layer."""
    by_layer: dict[str, list[Tensor]] = {name: [] for name in inputs}
    for column in logits.sum(dim=0):
        slopes = torch.autograd.grad(
            column, list(inputs.values()), retain_graph=True, materialize_grads=True
        )
        for name, slope in zip(inputs, slopes, strict=True):
            by_layer[name].append(slope)
    return by_layer


class _Sums:
    """Sums over the samples of each class."""

    def __init__(self, classes: int, units: int, device: torch.device) -> None:
        self._margin, self._square = torch.zeros(
            2, classes, classes, dtype=torch.float64, device=device
        )
        self._parts, self._squares, self._ties = torch.zeros(
            3, classes, classes, units, dtype=torch.float64, device=device
        )

    def add(self, logits: Tensor, parts: Tensor, labels: Tensor) -> None:
        """Add samples: logits (n, C), contributions to each logit (C, n, units), labels (n,)."""
        for label in labels.unique().tolist():
            rows = labels == label
            z, part = logits[rows], parts[:, rows]
            margin, moves = z[:, label : label + 1] - z, part[label] - part
            self._margin[label] += margin.sum(dim=0)
            self._square[label] += margin.square().sum(dim=0)
            self._parts[label] += moves.sum(dim=1)
            self._ties[label] += torch.einsum("nk,knu->ku", margin, moves)
            self._squares[label] += moves.square_().sum(dim=1)

    def moments(self, weights: Tensor, counts: Tensor) -> MarginMoments:
        """What was seen, given what each class counts."""
        n = counts[:, None].double()
        mean, moves = self._margin / n, self._parts / n[:, None]
        return MarginMoments(
            weights=weights,
            mean=mean,
            variance=(self._square / n - mean.square()).clamp(min=0),
            moves=moves,
            spreads=(self._squares / n[:, None] - moves.square()).clamp(min=0),
            ties=self._ties / n[:, None] - mean[:, :, None] * moves,
        )
