"""Pairs of classes: which there are, how far apart they are, and what each feature carries."""

import torch
from torch import Tensor

from leastloss.errors import InputError


def class_pairs(classes: int, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Indices of the two classes of each of the C (C - 1) / 2 pairs.

    Example:
        >>> class_pairs(3)
        (tensor([0, 0, 1]), tensor([1, 2, 2]))
    """
    first, second = torch.triu_indices(classes, classes, offset=1, device=device)
    return first, second


def pair_contrasts(classes: Tensor) -> Tensor:
    """Matrix (C, pairs) of which each column is +1 for one class of a pair and -1 for the other.

    Args:
        classes: Any tensor with C rows; it lends its type and device.

    Raises:
        InputError: If there are fewer than two classes.
    """
    count = len(classes)
    if count < 2:
        raise InputError(f"separation is between classes; there is {count}, and 2 are needed")
    first, second = class_pairs(count, classes.device)
    identity = torch.eye(count, dtype=classes.dtype, device=classes.device)
    return identity[:, first] - identity[:, second]


def pair_distances(means: Tensor, directions: Tensor) -> Tensor:
    """Squared Mahalanobis distance of each pair of classes, shape (pairs,).

    Args:
        means: Class means, shape (C, d).
        directions: ``Q means^T``, shape (d, C).
    """
    contrasts = pair_contrasts(means)
    return ((means @ directions @ contrasts) * contrasts).sum(dim=0).clamp(min=0)


def worst_pair_loss(
    directions: Tensor, diagonal: Tensor, distances: Tensor, floor: Tensor
) -> Tensor:
    """Largest share of a pair's squared distance that each feature carries, shape (d,).

    Args:
        directions: ``Q M^T`` for class means M (C, d); shape (d, C).
        diagonal: ``q_jj``, shape (d,).
        distances: ``D^2`` of the pairs, shape (pairs,).
        floor: Pairs at or below it are lost already and count nothing; a scalar or (pairs,).
    """
    scale = torch.where(distances > floor, distances.rsqrt(), 0)
    low, high = (directions @ (pair_contrasts(directions.T) * scale)).aminmax(dim=1)
    return (torch.maximum(-low, high).square() / diagonal).clamp(max=1)
