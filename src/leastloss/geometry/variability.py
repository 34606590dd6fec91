"""How small the classes are against the distances between them, and what one feature does to it.

With ``A`` the centred class means as rows, each times the root of its class's weight, NC1 is
``tr(S_W (A^T A)^+) / C``. Taking feature j out takes a row and a column out of both matrices. The
pseudo-inverse then changes by a matrix of rank two (Sherman and Morrison 1950), so the change is
exact at the cost of a product with the C - 1 directions of the class means.
"""

import math

import torch
from torch import Tensor

from leastloss.arguments import computed
from leastloss.geometry.accumulator import ClassStatistics
from leastloss.geometry.pairs import class_pairs

NEGLIGIBLE = 1e-9  # separations below this share of the largest are rounding,
ROUNDING = 1e-13  # and so are those below this share of the means themselves


@computed
def within_class_variability(statistics: ClassStatistics) -> float:
    """NC1: ``tr(S_W S_B^+) / C``, the within-class scatter against the separation of the means.

    0 when every sample sits on its class mean; infinite when the class means coincide and the
    samples do not; NaN when all samples coincide. The statistics must be class-balanced.

    Example:
        >>> from leastloss.geometry import class_statistics
        >>> h = torch.tensor([[0.0], [2.0], [4.0], [6.0]])
        >>> round(within_class_variability(class_statistics(h, torch.tensor([0, 0, 1, 1]))), 6)
        0.125
    """
    means = statistics.centred_means()
    left, singular, _ = torch.linalg.svd(means.T, full_matrices=False)
    largest = float(statistics.means.abs().max())
    large = singular > max(NEGLIGIBLE * float(singular[0]), ROUNDING * largest)
    if not large.any():
        return math.inf if float(statistics.within.trace()) > 0 else math.nan
    # S_B = U diag(s^2 / C) U^T, so the factor C of its pseudo-inverse cancels the 1/C of NC1.
    basis = left[:, large] / singular[large]
    return float((basis * (statistics.within @ basis)).sum())


@computed
def variability_quotient(statistics: ClassStatistics) -> float:
    """NC1 without an inverse: ``tr(S_W) / tr(S_B)`` (Tirer, Huang and Niles-Weed 2023).

    It looks at all directions, NC1 at those that separate class means, each at its own scale.
    Infinite and NaN where NC1 is.

    Example:
        >>> from leastloss.geometry import class_statistics
        >>> h = torch.tensor([[0.0], [2.0], [4.0], [6.0]])
        >>> round(variability_quotient(class_statistics(h, torch.tensor([0, 0, 1, 1]))), 6)
        0.25
    """
    within = float(statistics.within.trace())
    between = float(statistics.between.trace())
    if between <= (ROUNDING * float(statistics.means.abs().max())) ** 2:
        return math.inf if within > 0 else math.nan
    return within / between


@computed
def class_distance_variance(statistics: ClassStatistics) -> float:
    """CDNV: mean over pairs of classes of ``(var_c + var_c') / (2 ||mu_c - mu_c'||^2)``.

    ``var_c`` is the total variance of class c, the trace of its covariance. Infinite if two class
    means coincide; NaN if their samples coincide too.

    Example:
        >>> from leastloss.geometry import class_statistics
        >>> h, y = torch.tensor([[0.0], [2.0], [4.0], [6.0]]), torch.tensor([0, 0, 1, 1])
        >>> class_distance_variance(class_statistics(h, y))
        0.0625
    """
    variance = statistics.variances.sum(dim=1)
    first, second = class_pairs(len(variance), variance.device)
    gap = (statistics.means[first] - statistics.means[second]).square().sum(dim=1)
    return float(((variance[first] + variance[second]) / (2 * gap)).mean())


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
