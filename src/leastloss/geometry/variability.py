"""How small the classes are against the distances between them."""

import math

import torch

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
