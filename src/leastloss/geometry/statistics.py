"""Class statistics of features that are all there at once."""

from torch import Tensor

from leastloss.geometry.accumulator import ClassStatistics, StatisticsAccumulator


def class_statistics(
    features: Tensor,
    labels: Tensor,
    classes: int | None = None,
    *,
    balanced: bool = True,
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
        keep_covariances: Keep the covariance of each class as well.

    Raises:
        InputError: If the shapes do not fit, the labels are no class indices, a class has no
            sample, or a feature is NaN or infinite.

    Example:
        >>> import torch
        >>> found = class_statistics(torch.tensor([[0.0], [2.0], [5.0]]), torch.tensor([0, 0, 1]))
        >>> found.mean, found.within, found.between
        (tensor([3.], dtype=torch.float64),
         tensor([[0.5000]], dtype=torch.float64),
         tensor([[4.]], dtype=torch.float64))
    """
    accumulator = StatisticsAccumulator(classes)
    accumulator.update(features, labels)
    return accumulator.result(balanced=balanced, keep_covariances=keep_covariances)
