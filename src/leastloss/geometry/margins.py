"""How likely a class is to fall on the wrong side of a rival, and what a feature does to that.

For a sample of class c the margin towards class c' is ``z_c - z_c'``. With mean m and variance s^2
over the class, a normal margin is below zero with probability ``Phi(-m / s)``. A feature's
contribution to the margin, taken away, moves both moments.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from leastloss.arguments import checked, computed
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics
from leastloss.geometry.discriminant import check_ridge


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class MarginMoments:
    """Moments of the margins of C classes, and of what d features contribute; float64.

    Row c, column c' is the margin of class c towards class c'; the diagonal is ignored.

    Attributes:
        weights: What each class counts, shape (C,).
        mean: Mean margins, shape (C, C).
        variance: Variances of the margins, shape (C, C).
        moves: Mean contributions, shape (C, C, d).
        spreads: Variances of the contributions, shape (C, C, d).
        ties: Covariances of contribution and margin, shape (C, C, d).
    """

    weights: Tensor
    mean: Tensor
    variance: Tensor
    moves: Tensor
    spreads: Tensor
    ties: Tensor


@computed
def linear_margins(
    statistics: ClassStatistics, weight: Tensor, bias: Tensor | None = None, *, folded: bool = False
) -> MarginMoments:
    """Moments of the margins of a linear classifier, in closed form.

    ``m = (w_c - w_c')^T mu_c + b_c - b_c'``, ``s^2 = (w_c - w_c')^T Cov_c (w_c - w_c')``; feature j
    contributes ``(w_cj - w_c'j) h_j``.

    Args:
        statistics: Geometry of d features, made with ``keep_covariances``.
        weight: Classifier matrix, shape (C, d).
        bias: Classifier bias, shape (C,); zero when omitted.
        folded: A feature that goes leaves its mean behind, in the bias; it contributes
            ``(w_cj - w_c'j) (h_j - mean_j)``.

    Raises:
        InputError: If there are no class covariances, or the classifier does not fit.
    """
    if statistics.covariances is None:
        raise InputError("margins need the class covariances; pass keep_covariances=True")
    count, size = statistics.means.shape
    if weight.shape != (count, size) or (bias is not None and bias.shape != (count,)):
        shapes = tuple(weight.shape), None if bias is None else tuple(bias.shape)
        raise InputError(
            f"the classifier has weight {shapes[0]} and bias {shapes[1]}; for {size} features of "
            f"{count} classes they must be {(count, size)} and {(count,)}"
        )
    rows = weight.detach().to(statistics.means)
    offset = torch.zeros_like(rows[:, 0]) if bias is None else bias.detach().to(rows)
    gaps = rows[:, None] - rows  # (C, C, d)
    seen = statistics.means - statistics.mean if folded else statistics.means
    spread = gaps @ statistics.covariances  # (C, C, d): Cov_c (w_c - w_c')
    return MarginMoments(
        weights=statistics.weights,
        mean=(gaps * statistics.means[:, None]).sum(dim=2) + offset[:, None] - offset,
        variance=(spread * gaps).sum(dim=2),
        moves=gaps * seen[:, None],
        spreads=gaps.square() * statistics.covariances.diagonal(dim1=1, dim2=2)[:, None],
        ties=spread * gaps,
    )


@computed
def margin_loss(moments: MarginMoments, gamma: float = 0.01) -> Tensor:
    """Rise of ``sum_c weight_c sum_c' Phi(-m_cc' / s_cc')`` when each feature goes.

    Without feature j, ``m`` falls by its mean contribution, and ``s^2`` becomes the variance of
    what is left. ``gamma`` times the mean variance over all pairs is added to every variance, so
    that a class of one sample, whose margin does not vary, is not taken for certain. Where no
    margin varies at all the scale is that of the squared margins.

    Args:
        moments: Of margins and contributions; :func:`linear_margins` for a linear classifier.
        gamma: Floor of the variances as a share of their mean; above 0.

    Returns:
        Losses, shape (d,), in expected wrong rivals per sample; negative where the classes are told
        apart better without the feature.

    Raises:
        InputError: If ``gamma`` is not above 0, or there are fewer than two classes.

    Example:
        >>> from leastloss.geometry import class_statistics
        >>> h = torch.tensor([[0.0, 3], [2, 3], [6, 3], [8, 3]])
        >>> statistics = class_statistics(h, torch.tensor([0, 0, 1, 1]), keep_covariances=True)
        >>> weight, bias = torch.tensor([[-1.0, 0], [1, 0]]), torch.tensor([4.0, -4.0])
        >>> margin_loss(linear_margins(statistics, weight, bias)).round(decimals=2)
        tensor([0.5000, 0.0000], dtype=torch.float64)
    """
    check_ridge(gamma)
    count = len(moments.mean)
    if count < 2:
        raise InputError(f"margins are between classes; there is {count}, and 2 are needed")
    rivals = ~torch.eye(count, dtype=torch.bool, device=moments.mean.device)
    scale = moments.variance[rivals].mean()
    if float(scale) <= 0:
        scale = moments.mean[rivals].square().mean()
    floor = gamma * scale
    if float(floor) <= 0:  # all margins are exactly zero
        floor = torch.ones_like(floor)
    mean = moments.mean[:, :, None] - moments.moves
    variance = moments.variance[:, :, None] - 2 * moments.ties + moments.spreads
    wrong = torch.special.ndtr(-mean / (variance.clamp(min=0) + floor).sqrt())
    before = torch.special.ndtr(-moments.mean / (moments.variance + floor).sqrt())
    rise = (wrong - before[:, :, None]).where(rivals[:, :, None], 0)
    return torch.einsum("c,ckd->d", moments.weights, rise)
