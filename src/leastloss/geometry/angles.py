"""How a feature keeps class means apart in angle."""

from collections.abc import Sequence
from itertools import combinations

from torch import Tensor

from leastloss.arguments import computed
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics

VANISHED = 1e-12  # a class mean with this share of its squared length left has no direction


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
        >>> import torch
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
