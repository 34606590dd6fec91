"""How far features and classifier have collapsed to the symmetric geometry of neural collapse.

Definitions: Papyan, Han and Donoho (2020), "Prevalence of neural collapse during the terminal
phase of deep learning training"; CDNV: Galanti, György and Hutter (2021); minority collapse: Fang
et al. (2021); SELI: Thrampoulidis et al. (2022). Every class counts once, whatever its size.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from leastloss.arguments import computed
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics
from leastloss.geometry.statistics import class_statistics
from leastloss.geometry.symmetry import (
    gram_distance,
    mean_cosine,
    norm_spread,
    seli_grams,
    simplex_gram,
)
from leastloss.geometry.variability import (
    class_distance_variance,
    variability_quotient,
    within_class_variability,
)

CHUNK = 8192  # samples converted to float64 at once
COLLAPSE = (
    "nc1",
    "nc1_quotient",
    "cdnv",
    "nc2_equinorm",
    "nc2_equiangular",
    "simplex_distance",
    "seli_distance",
    "nc3",
    "nc4",
    "classifier_simplex_distance",
    "classifier_seli_distance",
    "minority_angle",
)
"""Names of the metrics; the last five need a classifier, the last one two rare classes as well."""


@computed
def collapse_metrics(
    features: Tensor,
    labels: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    minority: Sequence[int] = (),
    counts: Tensor | Sequence[float] | None = None,
) -> dict[str, float]:
    """Measure neural collapse of a layer's features and of the classifier that reads them.

    Args:
        features: Features, shape (n, d).
        labels: Integer labels, shape (n,); at least two classes, each with samples.
        weight: Classifier matrix, shape (C, d); without it only the features are measured.
        bias: Classifier bias, shape (C,); zero when omitted.
        minority: The rare classes; with two or more, ``minority_angle`` is measured.
        counts: Samples of each class that the network was trained on, for SELI, if they are not
            those of ``labels``; shape (C,).

    Returns:
        ``nc1`` (:func:`within_class_variability`), ``nc1_quotient``
        (:func:`variability_quotient`), ``cdnv`` (:func:`class_distance_variance`),
        ``nc2_equinorm`` (standard deviation over mean of the norms of the centred class means),
        ``nc2_equiangular`` (mean over pairs of ``|cos + 1/(C-1)|`` of the centred class means),
        ``simplex_distance`` and ``seli_distance`` (:func:`gram_distance` of the class means from
        the simplex and from SELI); with a classifier ``nc3`` (``||W^T/||W||_F - M/||M||_F||_F^2``,
        0 to 4), ``nc4`` (share of samples, class-balanced, where the classifier and the nearest
        class mean disagree, 0 to 1), ``classifier_simplex_distance`` and
        ``classifier_seli_distance`` (of its centred rows) and ``minority_angle`` (mean cosine
        between the classifier rows of the minority: 1 is minority collapse). All but the last are
        0 at collapse; the distances from SELI and those from the simplex are only without
        imbalance 0 together. NaN stands for a ratio that does not exist, as the cosine with a
        class mean that is exactly the mean of all.

    Raises:
        InputError: If shapes do not fit, a class has no sample, there is only one class, a rare
            class does not exist, or a number is not finite.

    Example:
        >>> metrics = collapse_metrics(torch.eye(3), torch.arange(3), torch.eye(3) - 1 / 3)
        >>> {name for name, value in metrics.items() if abs(value) > 1e-6}
        set()
    """
    classes = None if weight is None else len(weight)
    statistics = class_statistics(features, labels, classes)
    count, centred = len(statistics.means), statistics.centred_means()
    if count < 2:
        raise InputError("collapse is a relation between classes; there is only one class")
    if any(not 0 <= label < count for label in minority):
        raise InputError(f"minority {tuple(minority)} names a class outside 0..{count - 1}")
    simplex = simplex_gram(count)
    if counts is not None and len(counts) != count:
        raise InputError(f"counts name {len(counts)} classes; there are {count}")
    row_seli, mean_seli = seli_grams(statistics.counts if counts is None else counts)
    metrics = {
        "nc1": within_class_variability(statistics),
        "nc1_quotient": variability_quotient(statistics),
        "cdnv": class_distance_variance(statistics),
        "nc2_equinorm": norm_spread(centred),
        "nc2_equiangular": mean_cosine(centred, -1 / (count - 1)),
        "simplex_distance": gram_distance(statistics.means, simplex),
        "seli_distance": gram_distance(statistics.means, mean_seli),
    }
    if weight is None:
        return metrics
    rows = _checked_classifier(weight, bias, features.shape[1]).to(centred)
    metrics["nc3"] = float((rows / rows.norm() - centred / centred.norm()).square().sum())
    metrics["nc4"] = _disagreement(features, labels, statistics, rows, bias)
    metrics["classifier_simplex_distance"] = gram_distance(rows, simplex)
    metrics["classifier_seli_distance"] = gram_distance(rows, row_seli)
    if len(minority) > 1:
        metrics["minority_angle"] = mean_cosine(rows[list(minority)])
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
    for batch, marks in zip(torch.split(features, CHUNK), torch.split(labels, CHUNK), strict=True):
        h = batch.detach().double()
        decided = (h @ rows.T + offset.to(rows)).argmax(dim=1)
        # ||h - mu_c||^2 up to a constant, with the common mean taken out for precision.
        score = (h - statistics.mean) @ centred.T - centred.square().sum(dim=1) / 2
        differs = decided != score.argmax(dim=1)
        wrong.index_add_(0, marks.to(rows.device, torch.int64), differs.double())
    return float((wrong / statistics.counts).mean())
