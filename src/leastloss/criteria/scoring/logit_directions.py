"""Directions in logit space along which moves count: the columns of a metric's square root."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from leastloss.activations import batch_size, batches, labelled_logits, network_key
from leastloss.criteria.base import ScoringContext
from leastloss.data import Split, at_most, labelled
from leastloss.geometry import StatisticsAccumulator, pair_contrasts, regularised_inverse
from leastloss.models import evaluation_mode, has_maps

KNOWN = 2000  # samples of each class: means and scatter of so many are known to two per cent
KNOWN_OF_MAPS = 50  # of networks with convolutions: to ten per cent
# With convolutions all pairs of so many classes are looked at; of more classes each one's closest
# pair: slopes of single logits of as many samples as classes would cost the square of the classes.
MANY_CLASSES = 50
APART = 1e-9  # as a share of the largest squared distance of a pair
METRICS = ("discriminant", "logit", "cross-entropy")
Columns: TypeAlias = Callable[[Tensor], Iterable[Tensor]]
"""Logits (n, C) -> the columns of F^{1/2}, each with one row per sample: tensors (n, C)."""


@dataclass(frozen=True)
class Fixed:
    """Columns that are the same for every sample: a root of shape (C, columns)."""

    root: Tensor

    @property
    def many(self) -> bool:
        """Whether there are more columns than logits, as for pairs of classes."""
        return self.root.shape[1] > self.root.shape[0]

    def __call__(self, logits: Tensor) -> Iterable[Tensor]:
        """See :data:`Columns`."""
        return (column.to(logits).expand_as(logits) for column in self.root.T)


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
    v; the column is ``v / D^2``. Pairs that the network does not tell apart at all have none. In
    networks with convolutions and more than 50 classes it is the closest pair of each class alone.
    """
    means, inverse, _ = _logit_geometry(context, gamma, balanced)
    many = has_maps(context.model) and len(means) > MANY_CLASSES
    gaps = _closest_gaps(means, inverse) if many else means.T @ pair_contrasts(means)
    directions = inverse @ gaps
    distances = (directions * gaps).sum(dim=0)
    apart = distances > APART * distances.max()
    return _fixed(directions[:, apart] / distances[apart])


def _closest_gaps(means: Tensor, inverse: Tensor) -> Tensor:
    """Differences of class means (C, pairs): of each class and the one closest to it."""
    products = means @ inverse @ means.T
    squares = products.diagonal()
    distances = squares[:, None] + squares - 2 * products
    distances.fill_diagonal_(0)
    distances[distances <= APART * distances.max()] = torch.inf
    pairs = torch.stack([torch.arange(len(means)).to(means.device), distances.argmin(dim=1)])
    first, second = pairs.sort(dim=0).values.unique(dim=1)
    return (means[first] - means[second]).T


def _logit_geometry(
    context: ScoringContext, gamma: float, balanced: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Centred class means of the logits, the inverse of their scatter, and the classes' weights."""
    enough = KNOWN_OF_MAPS if has_maps(context.model) else KNOWN
    train = at_most(context.train, enough) if balanced else context.train
    accumulator = StatisticsAccumulator(train.classes)
    for logits, labels in _logits(context, train, balanced):
        accumulator.update(logits, labels)
    statistics = accumulator.result(balanced=balanced)
    inverse = regularised_inverse(statistics.within, gamma)
    return statistics.centred_means(), inverse, statistics.weights


@torch.no_grad()
def _logits(
    context: ScoringContext, train: Split, balanced: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits and labels, batch by batch; a repair that has read the same samples has made them."""
    model, stored = context.model, None
    if not has_maps(model):  # there it reads other samples
        samples = context.draws.draw(context.train, model, balanced=balanced)
        if samples.x is train.x:
            stored = samples.cache.get(model, "", "logits", network_key(model))
    if stored is None or not bool(torch.isfinite(stored).all()):  # what is not has its error
        with evaluation_mode(model):
            for x, y in batches(train, model):
                yield labelled_logits(model, x, y)
        return
    size = batch_size(model)  # the same batches: the same sums, to the last bit
    for logits, y in zip(stored.split(size), train.y.split(size), strict=True):
        yield labelled(logits, y.to(logits.device))


def _fixed(root: Tensor) -> Fixed:
    # Where nothing is told apart no move counts.
    return Fixed(root if root.shape[1] else root.new_zeros(len(root), 1))


def _cross_entropy_columns(logits: Tensor) -> Iterable[Tensor]:
    """Columns ``sqrt(p_k) (e_k - p)``: their outer products add up to ``diag(p) - p p^T``."""
    p = logits.detach().softmax(dim=1)
    units = torch.eye(p.shape[1], dtype=p.dtype, device=p.device)
    return (p[:, k : k + 1].sqrt() * (units[k] - p) for k in range(p.shape[1]))
