"""Pairs of classes: how far apart they are, also in angle, and what each feature does for that."""

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

from leastloss.arguments import computed
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics

VANISHED = 1e-12  # a class mean with this share of its squared length left has no direction


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


@computed
def cosine_rise(statistics: ClassStatistics, classes: Sequence[int] | None = None) -> Tensor:
    """Largest rise of a pair's cosine when each feature goes.

    The cosine is that of two centred class means, -1/(C-1) at collapse and 1 when the two classes
    lie in the same direction from the mean of all (minority collapse: Fang et al. 2021).

    Args:
        statistics: Geometry of d features.
        classes: Look at the pairs of these classes only; at all pairs when omitted. A single class
            makes pairs with all the others.

    Returns:
        Rises, shape (d,), in [-2, 2]; below 0 if every pair moves apart. A mean that the feature
        alone held up has no direction without it: the cosine counts as 1 then.

    Raises:
        InputError: If there are fewer than two classes, or a class does not exist.

    Example:
        >>> from leastloss.geometry import class_statistics
        >>> statistics = class_statistics(torch.eye(3), torch.arange(3))
        >>> cosine_rise(statistics)
        tensor([0.1838, 0.1838, 0.1838], dtype=torch.float64)
    """
    first, second = _pairs(statistics, classes)
    means = statistics.centred_means()
    squares, whole = means.square(), means.square().sum(dim=1)
    lost = VANISHED * whole
    products = (means[first] * means[second]).sum(dim=1)
    before = products / (whole[first] * whole[second]).sqrt()
    left = whole[:, None] - squares
    alive = left > lost[:, None]
    lengths = (left[first] * left[second]).sqrt()
    after = (products[:, None] - means[first] * means[second]) / lengths
    after = after.clamp(-1, 1).where(alive[first] & alive[second], 1)
    rise = after - before[:, None]
    # A mean that coincides with the mean of all has no direction to lose.
    return rise.where(((whole[first] > 0) & (whole[second] > 0))[:, None], 0).amax(dim=0)


def _pairs(
    statistics: ClassStatistics, classes: Sequence[int] | None
) -> tuple[list[int], list[int]]:
    """Rows of the two classes of each pair."""
    labels = statistics.classes.tolist()
    if len(labels) < 2:
        raise InputError(f"angles are between classes; there is {len(labels)}, and 2 are needed")
    chosen = labels if classes is None else list(dict.fromkeys(classes))
    unknown = [label for label in chosen if label not in labels]
    if unknown or not chosen:
        raise InputError(f"classes is {chosen}; it must name some of {labels}")
    if len(chosen) == 1:
        pairs = [(chosen[0], other) for other in labels if other != chosen[0]]
    else:
        pairs = list(combinations(chosen, 2))
    rows = {label: row for row, label in enumerate(labels)}
    return [rows[a] for a, _ in pairs], [rows[b] for _, b in pairs]
