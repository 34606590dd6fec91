"""Class statistics of features that are all there at once."""

import torch
from torch import Tensor

from leastloss.arguments import computed
from leastloss.geometry.accumulator import ClassStatistics, StatisticsAccumulator
from leastloss.geometry.class_sums import checked_labels
from leastloss.geometry.pooled import PooledAccumulator


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
        >>> found = class_statistics(torch.tensor([[0.0], [2.0], [5.0]]), torch.tensor([0, 0, 1]))
        >>> found.mean, found.within, found.between
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
