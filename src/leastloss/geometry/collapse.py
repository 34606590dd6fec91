"""How far features and classifier have collapsed to the symmetric geometry of neural collapse.

Definitions: Papyan, Han and Donoho (2020), "Prevalence of neural collapse during the terminal
phase of deep learning training"; CDNV: Galanti, György and Hutter (2021); minority collapse: Fang
et al. (2021). Every class counts once, whatever its size.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics
from leastloss.geometry.pairs import class_pairs
from leastloss.geometry.statistics import class_statistics
from leastloss.geometry.variability import class_distance_variance, within_class_variability


def _mean_cosine(vectors: Tensor, target: float | None = None) -> float:
    """Mean cosine over pairs of rows, or its mean absolute distance from ``target``."""
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    first, second = class_pairs(len(unit), unit.device)
    cosine = (unit[first] * unit[second]).sum(dim=1)
    return float(cosine.mean() if target is None else (cosine - target).abs().mean())


def collapse_metrics(
    features: Tensor,
    labels: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    minority: Sequence[int] = (),
) -> dict[str, float]:
    """Measure neural collapse of a layer's features and of the classifier that reads them.

    Args:
        features: Features, shape (n, d).
        labels: Integer labels, shape (n,); at least two classes, each with samples.
        weight: Classifier matrix, shape (C, d); without it only the features are measured.
        bias: Classifier bias, shape (C,); zero when omitted.
        minority: The rare classes; with two or more, ``minority_angle`` is measured.

    Returns:
        ``nc1`` (:func:`within_class_variability`), ``nc2_equinorm`` (standard deviation over mean
        of the norms of the centred class means), ``nc2_equiangular`` (mean over pairs of
        ``|cos + 1/(C-1)|`` of the centred class means), ``cdnv``
        (:func:`class_distance_variance`); with a classifier ``nc3``
        (``||W^T/||W||_F - M/||M||_F||_F^2``, 0 to 4), ``nc4`` (share of samples, class-balanced,
        where the classifier and the nearest class mean disagree, 0 to 1) and ``minority_angle``
        (mean cosine between the classifier rows of the minority: 1 is minority collapse). All but
        the last are 0 at collapse. NaN stands for a ratio that does not exist, as the cosine with
        a class mean that is exactly the mean of all.

    Raises:
        InputError: If shapes do not fit, a class has no sample, there is only one class, or a
            number is not finite.

    Example:
        >>> found = collapse_metrics(torch.eye(3), torch.arange(3), torch.eye(3) - 1 / 3)
        >>> {name: abs(round(value, 6)) for name, value in found.items()}
        {'nc1': 0.0, 'nc2_equinorm': 0.0, 'nc2_equiangular': 0.0, 'cdnv': 0.0,
         'nc3': 0.0, 'nc4': 0.0}
    """
    classes = None if weight is None else len(weight)
    statistics = class_statistics(features, labels, classes, keep_covariances=True)
    count, centred = len(statistics.means), statistics.centred_means()
    if count < 2:
        raise InputError("collapse is a relation between classes; there is only one class")
    norms = centred.norm(dim=1)
    metrics = {
        "nc1": within_class_variability(statistics),
        "nc2_equinorm": float(norms.std(correction=0) / norms.mean()),
        "nc2_equiangular": _mean_cosine(centred, -1 / (count - 1)),
        "cdnv": class_distance_variance(statistics),
    }
    if weight is None:
        return metrics
    rows = _checked_classifier(weight, bias, features.shape[1]).to(centred)
    metrics["nc3"] = float((rows / rows.norm() - centred / centred.norm()).square().sum())
    metrics["nc4"] = _disagreement(features, labels, statistics, rows, bias)
    if len(minority) > 1:
        metrics["minority_angle"] = _mean_cosine(rows[list(minority)])
    return metrics


def _checked_classifier(weight: Tensor, bias: Tensor | None, features: int) -> Tensor:
    """Return the classifier matrix, detached, if it fits the features and the bias."""
    shapes = tuple(weight.shape), None if bias is None else tuple(bias.shape)
    if weight.ndim != 2 or weight.shape[1] != features or shapes[1] not in (None, shapes[0][:1]):
        raise InputError(
            f"the classifier has weight {shapes[0]} and bias {shapes[1]}; for {features} features "
            f"they must be (C, {features}) and (C,)"
        )
    if not torch.isfinite(weight).all() or (bias is not None and not torch.isfinite(bias).all()):
        raise InputError("the classifier's weight or bias is not finite (NaN or infinity)")
    return weight.detach()


def _disagreement(
    features: Tensor,
    labels: Tensor,
    statistics: ClassStatistics,
    rows: Tensor,
    bias: Tensor | None,
) -> float:
    """NC4: class-balanced share of samples that classifier and nearest class mean tell apart."""
    offset = torch.zeros(len(rows)) if bias is None else bias.detach()
    centred = statistics.centred_means()
    wrong = torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
    for batch, marks in zip(torch.split(features, 8192), torch.split(labels, 8192), strict=True):
        h = batch.detach().double()
        decided = (h @ rows.T + offset.to(rows)).argmax(dim=1)
        # ||h - mu_c||^2 up to a constant, with the common mean taken out for precision.
        score = (h - statistics.mean) @ centred.T - centred.square().sum(dim=1) / 2
        differs = decided != score.argmax(dim=1)
        wrong.index_add_(0, marks.to(rows.device, torch.int64), differs.double())
    return float((wrong / statistics.counts).mean())
