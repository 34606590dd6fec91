"""Class means and scatter of features, in one streaming pass.

Averages over classes count every class once, however rare it is ("balanced"), unless asked to
weight classes by their samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leastloss.arguments import checked, computed
from leastloss.geometry.class_sums import ClassSums, Moments
from leastloss.geometry.shrinkage import class_weights, scatter_weights, shrunk


@checked
@dataclass(frozen=True, eq=False)
class ClassStatistics:
    """Geometry of C classes in d features; every float tensor is float64.

    Attributes:
        classes: Label of each row of ``means``, shape (C,), increasing.
        counts: Samples per class, shape (C,).
        weights: What each class counts in the averages, shape (C,): 1/C, or its share of samples.
        means: Class means, shape (C, d).
        mean: Weighted mean of the class means, shape (d,).
        within: Weighted mean of the class covariances (population form), S_W, shape (d, d).
        between: Weighted scatter of the class means, S_B, shape (d, d).
        variances: Variance of each feature in each class, shape (C, d).
        covariances: Covariance of each class, shape (C, d, d), if they were asked for.
    """

    classes: Tensor
    counts: Tensor
    weights: Tensor
    means: Tensor
    mean: Tensor
    within: Tensor
    between: Tensor
    variances: Tensor
    covariances: Tensor | None = None

    def centred_means(self) -> Tensor:
        """Class means less their weighted mean, shape (C, d)."""
        return self.means - self.mean


@checked
class StatisticsAccumulator(ClassSums):
    """Class statistics of features that arrive in batches, in memory of C d^2 numbers.

    Where the class counts are known beforehand and no class covariances are wanted,
    :class:`leastloss.geometry.PooledAccumulator` gives the same in d^2 numbers.

    Args:
        classes: The number of classes; each of them must then have a sample. When omitted, the
            classes are the labels that occur.

    Example:
        >>> accumulator = StatisticsAccumulator()
        >>> accumulator.update(torch.tensor([[0.0], [2.0]]), torch.tensor([0, 0]))
        >>> accumulator.update(torch.tensor([[5.0]]), torch.tensor([1]))
        >>> accumulator.result().means
        tensor([[1.],
                [5.]], dtype=torch.float64)
    """

    def __init__(self, classes: int | None = None) -> None:
        super().__init__(classes)
        self._scatter: dict[int, Tensor] = {}

    def _multiply(self, labels: Sequence[int], parts: Sequence[Tensor], centred: Tensor) -> None:
        for label, part in zip(labels, parts, strict=True):
            if label not in self._scatter:
                self._scatter[label] = part.T @ part
            else:
                self._scatter[label].addmm_(part.T, part)

    @computed
    def result(
        self, *, balanced: bool = True, shrinkage: float = 0.0, keep_covariances: bool = False
    ) -> ClassStatistics:
        """Return the statistics of everything seen so far.

        Args:
            balanced: Count every class once; False weights classes by their samples.
            shrinkage: Draw each class covariance towards S_W with weight ``k / (n_c + k)``, k
                samples' worth; at least 0 (see :mod:`leastloss.geometry.shrinkage`).
            keep_covariances: Keep the C class covariances as well.

        Raises:
            InputError: If there are no samples, a class that must occur does not, or
                ``shrinkage`` is negative.
        """
        labels, moments = self._moments_of_all()
        counts = torch.tensor([part.count for part in moments])
        weights = class_weights(counts, balanced=balanced)
        within = torch.zeros_like(self._scatter[labels[0]])
        factors = scatter_weights(weights, counts, shrinkage).tolist()
        for label, part, factor in zip(labels, moments, factors, strict=True):
            within.add_(self._scatter[label], alpha=factor / part.count)
            within.addr_(part.offset(), part.offset(), alpha=-factor)
        covariances = None
        if keep_covariances:
            by_class = [
                (self._scatter[label] / part.count).addr_(part.offset(), part.offset(), alpha=-1)
                for label, part in zip(labels, moments, strict=True)
            ]
            covariances = shrunk(torch.stack(by_class), weights, counts, shrinkage)
        return summary(labels, moments, weights, within, shrinkage, covariances)


def summary(
    labels: list[int],
    moments: list[Moments],
    weights: Tensor,
    within: Tensor,
    shrinkage: float,
    covariances: Tensor | None,
) -> ClassStatistics:
    """Put together what both accumulators know; weights may lie on the CPU."""
    counts = torch.tensor([part.count for part in moments])
    variances = torch.stack([part.variance() for part in moments])
    means = torch.stack([part.shift + part.offset() for part in moments])
    device, shares = means.device, weights.to(means.device)
    mean = shares @ means
    centred = means - mean
    return ClassStatistics(
        classes=torch.tensor(labels, device=device),
        counts=counts.to(device),
        weights=shares,
        means=means,
        mean=mean,
        within=within,
        between=centred.T @ (shares[:, None] * centred),
        variances=shrunk(variances, weights, counts, shrinkage),
        covariances=covariances,
    )
