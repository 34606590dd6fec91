"""What one feature adds to the separation of classes, given all the others.

With ``Q = (S_W + ridge)^-1`` the separation of the classes is ``J = tr(Q S_B)``, that of a pair its
squared Mahalanobis distance ``D^2 = (mu_c - mu_c')^T Q (mu_c - mu_c')``. Without feature j, and
with the rest used as well as possible, ``Q`` becomes ``Q - q_j q_j^T / q_jj`` (the inverse of the
remaining block, by the Schur complement), so the losses below are exact: no feature is credited
with what another one also says. For a pair of classes the loss of ``D^2`` is what Rao's test of
additional information looks at (Rao 1973, "Linear statistical inference and its applications").
"""

import math

import torch
from torch import Tensor

from leastloss.arguments import computed
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics
from leastloss.geometry.pairs import pair_distances, worst_pair_loss

LOST = 1e-12  # a squared distance below this share of the largest is rounding: nothing is left


@computed
def regularised_inverse(within: Tensor, gamma: float = 0.01) -> Tensor:
    """Invert the within-class scatter: ``Q = (S_W + gamma tr(S_W)/d I)^-1``.

    The ridge makes dead features and fewer samples than features harmless (Friedman 1989). Where
    ``S_W`` is zero (one sample per class, or features that have collapsed entirely) there is no
    scale: Q is then the identity, which leaves every relative loss well defined.

    Args:
        within: S_W, shape (d, d), symmetric and positive semi-definite.
        gamma: Ridge as a share of the mean variance; above 0.

    Raises:
        InputError: If ``gamma`` is not above 0, or ``within`` is not square, finite and positive
            semi-definite.

    Example:
        >>> regularised_inverse(torch.diag(torch.tensor([1.0, 3.0])), gamma=0.5).diagonal()
        tensor([0.5000, 0.2500], dtype=torch.float64)
    """
    check_ridge(gamma)
    if within.ndim != 2 or within.shape[0] != within.shape[1] or len(within) == 0:
        raise InputError(f"the scatter has shape {tuple(within.shape)}; it must be (d, d)")
    scatter = within.double()
    if not torch.isfinite(scatter).all():
        raise InputError("the scatter is not finite (NaN or infinity)")
    identity = torch.eye(len(scatter), dtype=scatter.dtype, device=scatter.device)
    scale = float(scatter.trace()) / len(scatter)
    if scale == 0 and not scatter.any():
        return identity
    # Factor at unit scale, so that tiny features (say 1e-200) do not underflow.
    factor, failed = torch.linalg.cholesky_ex(scatter / abs(scale) + gamma * identity)
    if int(failed) or scale <= 0:
        raise InputError("the scatter is not positive semi-definite, so it is no covariance")
    return torch.cholesky_inverse(factor) / scale


@computed
def remove(inverse: Tensor, unit: int) -> Tensor:
    """Take a feature out: ``Q - q_j q_j^T / q_jj``, whose row and column j are zero.

    The other entries are the inverse of the scatter (ridge included) of the features that remain.

    Args:
        inverse: Q, shape (d, d).
        unit: Index j of a feature that is still there.

    Raises:
        InputError: If there is no such feature, or it is already out.

    Example:
        >>> remove(torch.tensor([[2.0, 1.0], [1.0, 1.0]]), 0)
        tensor([[0.0000, 0.0000],
                [0.0000, 0.5000]])
    """
    if not 0 <= unit < len(inverse) or float(inverse[unit, unit]) <= 0:
        raise InputError(f"feature {unit} of {len(inverse)} does not exist or is already removed")
    column = inverse[:, unit]
    rest = inverse - torch.outer(column, column / column[unit])
    rest[unit, :] = 0
    rest[:, unit] = 0
    return rest


@computed
def partial_fisher(inverse: Tensor, between: Tensor) -> Tensor:
    """Loss of ``J = tr(Q S_B)`` when each feature goes: ``q_j^T S_B q_j / q_jj``.

    Args:
        inverse: Q, shape (d, d).
        between: S_B, shape (d, d).

    Returns:
        Losses, shape (d,), at least 0, in the unit of J; NaN for features already removed.

    Example:
        >>> partial_fisher(torch.eye(2), torch.diag(torch.tensor([3.0, 0.0])))
        tensor([3., 0.])
    """
    loss = ((inverse @ between) * inverse).sum(dim=1) / inverse.diagonal()
    return loss.clamp(min=0)


@computed
def partial_fisher_pairs(inverse: Tensor, means: Tensor) -> Tensor:
    """Largest share of any pair's squared distance ``D^2`` that is lost when each feature goes.

    For a pair of classes the share is ``(q_j^T (mu_c - mu_c'))^2 / (q_jj D^2)``. The maximum over
    pairs protects the pair that depends most on the feature, however rare its classes are.

    Args:
        inverse: Q, shape (d, d).
        means: Class means, shape (C, d), centred or not; C at least 2.

    Returns:
        Losses, shape (d,), between 0 (no pair needs the feature) and 1 (without it some pair
        cannot be told apart); NaN for features already removed.

    Example:
        >>> partial_fisher_pairs(torch.eye(2), torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
        tensor([0.3600, 0.6400])
    """
    centred = means - means.mean(dim=0)
    directions = inverse @ centred.T
    distances = pair_distances(centred, directions)
    return worst_pair_loss(directions, inverse.diagonal(), distances, LOST * distances.max())


def check_ridge(gamma: float, name: str = "gamma") -> None:
    """Refuse a ridge, an option of that name, that is not a positive finite number.

    Raises:
        InputError: If it is not.
    """
    if not 0 < gamma < math.inf:
        raise InputError(f"{name} is {gamma}; it must be above 0 and finite")


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
