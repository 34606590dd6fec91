"""How far one feature alone separates the classes: between-class over within-class variance."""

import math

from torch import Tensor

from leastloss.arguments import computed
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics


def check_ridge(gamma: float) -> None:
    """Refuse a ridge that is not a positive finite number.

    Raises:
        InputError: If it is not.
    """
    if not 0 < gamma < math.inf:
        raise InputError(f"gamma is {gamma}; it must be above 0 and finite")


@computed
def fisher_ratio(statistics: ClassStatistics, gamma: float = 0.01) -> Tensor:
    """Fisher ratio of each feature by itself: ``s_B,jj / (s_W,jj + gamma tr(S_W)/d)``.

    The ridge is that of :func:`regularised_inverse`: it keeps a feature that hardly ever fires from
    a ratio of two small numbers. Where ``S_W`` is zero there is no scale, and the ratio is
    ``s_B,jj``. A feature is credited with what others say as well: the ratio is blind to
    redundancy (Fisher 1936, "The use of multiple measurements in taxonomic problems").

    Args:
        statistics: Geometry of d features.
        gamma: Ridge as a share of the mean within-class variance; above 0.

    Returns:
        Ratios, shape (d,), at least 0; 0 for a constant feature.

    Raises:
        InputError: If ``gamma`` is not above 0.

    Example:
        >>> import torch
        >>> from leastloss.geometry import class_statistics
        >>> h = torch.tensor([[0.0, 1], [2, 1], [6, 1], [8, 1]])
        >>> fisher_ratio(class_statistics(h, torch.tensor([0, 0, 1, 1])), gamma=1e-9)
        tensor([9.0000, 0.0000], dtype=torch.float64)
    """
    check_ridge(gamma)
    within, between = statistics.within.diagonal(), statistics.between.diagonal()
    scale = within.mean()
    return between / (within + gamma * scale) if float(scale) > 0 else between.clone()
