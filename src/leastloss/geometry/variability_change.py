"""What one feature does to NC1, the within-class variability against the class means.

With ``A`` the centred class means as rows, each times the root of its class's weight, NC1 is
``tr(S_W (A^T A)^+) / C``. Taking feature j out takes a row and a column out of both matrices. The
pseudo-inverse then changes by a matrix of rank two (Sherman and Morrison 1950), so the change is
exact at the cost of a product with the C - 1 directions of the class means.
"""

import torch
from torch import Tensor

from leastloss.arguments import computed
from leastloss.geometry.accumulator import ClassStatistics
from leastloss.geometry.variability import NEGLIGIBLE, ROUNDING

SOLE = 1e-9  # a feature whose leverage is this close to 1 carries a direction alone


@computed
def nc1_change(statistics: ClassStatistics) -> Tensor:
    """NC1 without feature j less NC1 with it, for each feature j.

    Let ``m`` be row j of the centred means ``M`` (d, C), ``P = (M^T M)^+``, ``u = P m``,
    ``v = M u`` and ``kappa = 1 / (1 - m^T u)``. The change of ``tr(S_W M P^2 M^T)`` is
    ``kappa^2 |u|^2 (e_j - v)^T S_W (e_j - v) - 2 kappa (e_j - v)^T S_W M P u``. It is evaluated
    by the singular value decomposition of ``M``, which does not square its condition.

    The leverage ``m^T u`` is 1 where the feature alone carries a direction of the class means, as
    every feature does when there are fewer features than classes. Without it the classes are
    separated in one direction less, and NC1, which does not see the lost one, could fall; the
    limit of the formula is infinite, and so is what is returned.

    Args:
        statistics: Geometry of d features; with other weights than 1/C their weighted scatter.

    Returns:
        Changes, shape (d,): negative where the classes are tighter without the feature; infinite
        where a direction is lost with it; 0 for features of equal mean and for all features if the
        class means coincide.

    Example:
        >>> from leastloss.geometry import class_statistics
        >>> h = torch.tensor([[0.0, 0], [2, 2], [4, 2], [6, 4]])
        >>> nc1_change(class_statistics(h, torch.tensor([0, 0, 1, 1])))
        tensor([ 0.3200, -0.0550], dtype=torch.float64)
    """
    roots = statistics.weights.sqrt()[:, None]
    left, singular, _ = torch.linalg.svd((statistics.centred_means() * roots).T, False)
    floor = max(NEGLIGIBLE * float(singular[0]), ROUNDING * float(statistics.means.abs().max()))
    large = singular > floor
    if not large.any():
        return torch.zeros_like(statistics.mean)
    basis, inverse = left[:, large], singular[large].square().reciprocal()
    scatter = statistics.within @ basis
    inner = basis.T @ scatter
    projected = basis @ inner
    apart = statistics.within.diagonal() - 2 * (scatter * basis).sum(1) + (projected * basis).sum(1)
    across = ((scatter - projected) * basis * inverse).sum(dim=1)
    size = (basis.square() * inverse).sum(dim=1)
    rest = 1 - basis.square().sum(dim=1)  # 1 / kappa
    change = (size * apart / rest - 2 * across) / rest / len(statistics.means)
    change = change.where(basis.square().sum(dim=1) > 0, 0)
    return torch.where(rest > SOLE, change, torch.inf)
