"""Class statistics in one pass: of batches whose class counts are known, and of whole features."""

from collections.abc import Sequence

import torch
from torch import Tensor

from leastloss.arguments import checked, computed
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics, StatisticsAccumulator, summary
from leastloss.geometry.class_sums import ClassSums, checked_labels
from leastloss.geometry.shrinkage import class_weights, scatter_weights


@checked
class PooledAccumulator(ClassSums):
    """Class statistics in memory of d^2 numbers, for features of known class counts.

    Args:
        counts: Samples that each class is going to have, shape (C,); each at least 1.
        balanced: Count every class once; False weights classes by their samples.
        shrinkage: As for :meth:`StatisticsAccumulator.result`.

    Raises:
        InputError: If a class has no sample, or ``shrinkage`` is negative.

    Example:
        >>> accumulator = PooledAccumulator(torch.tensor([2, 1]))
        >>> accumulator.update(torch.tensor([[0.0], [5.0], [2.0]]), torch.tensor([0, 1, 0]))
        >>> accumulator.result().within
        tensor([[0.5000]], dtype=torch.float64)
    """

    def __init__(
        self, counts: Tensor | Sequence[int], *, balanced: bool = True, shrinkage: float = 0.0
    ) -> None:
        self._counts = torch.as_tensor(counts).cpu()
        super().__init__(len(self._counts))
        if len(self._counts) == 0 or int(self._counts.min()) < 1:
            empty = [str(label) for label, count in enumerate(self._counts.tolist()) if count < 1]
            names = f"class {', '.join(empty)}" if empty else "any class"
            raise InputError(f"there are no samples of {names}; every class needs at least one")
        self._weights = class_weights(self._counts, balanced=balanced)
        self._factors = scatter_weights(self._weights, self._counts, shrinkage)
        self._roots = (self._factors / self._counts).sqrt().tolist()
        self._shrinkage = shrinkage
        self._within: Tensor | None = None

    def _multiply(self, labels: Sequence[int], parts: Sequence[Tensor], centred: Tensor) -> None:
        for label, part in zip(labels, parts, strict=True):
            part *= self._roots[label]
        if self._within is None:
            self._within = centred.T @ centred
        else:
            self._within.addmm_(centred.T, centred)

    def result(self) -> ClassStatistics:
        """Return the statistics, once all samples were seen.

        Raises:
            InputError: If there were more or fewer samples of a class than said.
        """
        labels, moments = self._moments_of_all()
        seen = [part.count for part in moments]
        if seen != self._counts.tolist() or self._within is None:
            announced = self._counts.tolist()
            raise InputError(f"the classes have {seen} samples; {announced} were announced")
        offsets = torch.stack([part.offset() for part in moments])
        scaled = self._factors.sqrt().to(offsets.device)[:, None] * offsets
        within = torch.addmm(self._within, scaled.T, scaled, alpha=-1)
        return summary(labels, moments, self._weights, within, self._shrinkage, None)


@computed
def class_statistics(
    features: Tensor,
    labels: Tensor,
    classes: int | None = None,
    *,
    balanced: bool = True,
    shrinkage: float = 0.0,
    keep_covariances: bool = False,
) -> ClassStatistics:
    """Class means, within-class and between-class scatter of features.

    With ``balanced``, ``S_W = (1/C) sum_c Cov_c``, ``mean = (1/C) sum_c mu_c`` and
    ``S_B = (1/C) sum_c (mu_c - mean)(mu_c - mean)^T`` (as in Papyan, Han and Donoho 2020, for
    classes of any size); otherwise each class has its share of the samples as weight.

    Args:
        features: Features, shape (n, d), on any device.
        labels: Integer class labels, shape (n,).
        classes: The number of classes, each of which must have a sample; when omitted, the classes
            are the labels that occur.
        balanced: Count every class once.
        shrinkage: Draw each class covariance towards S_W with weight ``k / (n_c + k)``, k samples'
            worth; at least 0 (see :mod:`leastloss.geometry.shrinkage`).
        keep_covariances: Keep the covariance of each class as well.

    Raises:
        InputError: If the shapes do not fit, the labels are no class indices, a class has no
            sample, a feature is NaN or infinite, or ``shrinkage`` is negative.

    Example:
        >>> statistics = class_statistics(
        ...     torch.tensor([[0.0], [2.0], [5.0]]), torch.tensor([0, 0, 1])
        ... )
        >>> statistics.mean, statistics.within, statistics.between
        (tensor([3.], dtype=torch.float64),
         tensor([[0.5000]], dtype=torch.float64),
         tensor([[4.]], dtype=torch.float64))
    """
    labels = checked_labels(features, labels, classes)
    counts = torch.bincount(labels, minlength=classes or 0)
    if keep_covariances or (classes is None and not counts.all()):
        accumulator = StatisticsAccumulator(classes)
        accumulator.update(features, labels)
        return accumulator.result(
            balanced=balanced, shrinkage=shrinkage, keep_covariances=keep_covariances
        )
    pooled = PooledAccumulator(counts, balanced=balanced, shrinkage=shrinkage)
    pooled.update(features, labels)
    return pooled.result()
