"""How much each class counts in the scatter, and how far a small one is drawn to all others.

The covariance of a class with few samples is mostly noise, and rare classes of a trained network
are collapsed more tightly in training than they are in truth. Shrinkage replaces it by

    Cov'_c = (n_c Cov_c + k S_W) / (n_c + k),

as if k more samples had been seen that scatter like the average class (a shrinkage of the class
covariances towards a pooled one, as in Friedman 1989, "Regularized discriminant analysis"). The
average of the results is a weighted sum of the class covariances again, so it needs no class's
covariance by itself.
"""

import torch
from torch import Tensor

from leastloss.errors import InputError


def class_weights(counts: Tensor, *, balanced: bool) -> Tensor:
    """What each class counts in the averages: 1/C, or its share of the samples; shape (C,).

    Example:
        >>> class_weights(torch.tensor([3, 1]), balanced=False)
        tensor([0.7500, 0.2500], dtype=torch.float64)
    """
    parts = torch.ones_like(counts) if balanced else counts
    return parts.double() / parts.sum()


def check_shrinkage(shrinkage: float) -> None:
    """Refuse a shrinkage that is no number of samples.

    Raises:
        InputError: If it is negative or not finite.
    """
    if not 0 <= shrinkage < float("inf"):
        raise InputError(f"shrinkage is {shrinkage}; it must be at least 0 and finite")


def scatter_weights(weights: Tensor, counts: Tensor, shrinkage: float) -> Tensor:
    """What each class's covariance counts in S_W after shrinkage; shape (C,), sum 1.

    Args:
        weights: What each class counts in the averages, shape (C,).
        counts: Samples per class, shape (C,).
        shrinkage: k, in samples; at least 0 and finite.

    Raises:
        InputError: If ``shrinkage`` is out of range.

    Example:
        >>> scatter_weights(torch.tensor([0.5, 0.5]), torch.tensor([9, 1]), 1.0)
        tensor([0.6000, 0.4000])
    """
    check_shrinkage(shrinkage)
    drawn = shrinkage / (counts.to(weights) + shrinkage)
    return weights * (1 - drawn) + weights * (weights * drawn).sum()


def shrunk(values: Tensor, weights: Tensor, counts: Tensor, shrinkage: float) -> Tensor:
    """Draw each class's value, a covariance or its trace, towards the weighted mean of all.

    Args:
        values: One value for each class, shape (C, ...).
        weights: What each class counts in that mean, shape (C,).
        counts: Samples per class, shape (C,).
        shrinkage: k, in samples.

    Example:
        >>> shrunk(torch.tensor([4.0, 0.0]), torch.tensor([0.5, 0.5]), torch.tensor([9, 1]), 1.0)
        tensor([3.8000, 1.0000])
    """
    if shrinkage == 0:
        return values
    shares = weights.to(values)
    drawn = (shrinkage / (counts.to(values) + shrinkage)).view(-1, *[1] * (values.ndim - 1))
    pooled: Tensor = torch.tensordot(shares, values, 1)
    return values + drawn * (pooled - values)
