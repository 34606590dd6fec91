"""Class means and scatter of features, in one streaming pass.

Averages over classes count every class once, however rare it is ("balanced"), unless asked to
weight classes by their samples. Sums are kept in float64 and merged by the update of Chan, Golub
and LeVeque (1983), so features with a large common offset lose no digits.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from leastloss.errors import InputError

CHUNK = 8192  # samples converted to float64 at once: bounds the memory, not the result


@dataclass(frozen=True, eq=False)
class ClassStatistics:
    """Geometry of C classes in d features; every float tensor is float64.

    Attributes:
        classes: Label of each row of ``means``, shape (C,), increasing.
        counts: Samples per class, shape (C,).
        weights: What each class counts in the averages, shape (C,): 1/C, or its share of samples.
        means: Class means, shape (C, d).
        mean: Weighted mean of the class means, shape (d,).
        within: Weighted mean of the class covariances (population form), S_W, shape (d, d).
        between: Weighted scatter of the class means, S_B, shape (d, d).
        covariances: Covariance of each class, shape (C, d, d), if they were asked for.
    """

    classes: Tensor
    counts: Tensor
    weights: Tensor
    means: Tensor
    mean: Tensor
    within: Tensor
    between: Tensor
    covariances: Tensor | None = None

    def centred_means(self) -> Tensor:
        """Class means less their weighted mean, shape (C, d)."""
        return self.means - self.mean


class StatisticsAccumulator:
    """Class statistics of features that arrive in batches, in memory of C d^2 numbers.

    Args:
        classes: The number of classes; each of them must then have a sample. When omitted, the
            classes are the labels that occur.

    Example:
        >>> accumulator = StatisticsAccumulator()
        >>> accumulator.update(torch.tensor([[0.0], [2.0]]), torch.tensor([0, 0]))
        >>> accumulator.update(torch.tensor([[5.0]]), torch.tensor([1]))
        >>> accumulator.result().means
        tensor([[1.],
                [5.]], dtype=torch.float64)
    """

    def __init__(self, classes: int | None = None) -> None:
        self._classes = classes
        self._moments: dict[int, tuple[int, Tensor, Tensor]] = {}  # count, mean, scatter

    def update(self, features: Tensor, labels: Tensor) -> None:
        """Add a batch: features (n, d) and their labels (n,).

        Raises:
            InputError: If the shapes do not fit, the labels are no class indices, or a feature is
                NaN or infinite.
        """
        labels = _checked_labels(features, labels, self._classes)
        for rows, marks in zip(
            torch.split(features, CHUNK), torch.split(labels, CHUNK), strict=True
        ):
            order = marks.argsort(stable=True)
            present, sizes = torch.unique_consecutive(marks[order], return_counts=True)
            parts = torch.split(rows.detach()[order], sizes.tolist())
            for label, part in zip(present.tolist(), parts, strict=True):
                self._merge(label, part.double())

    def _merge(self, label: int, part: Tensor) -> None:
        new, mean = len(part), part.mean(dim=0)
        if not torch.isfinite(mean).all():
            raise InputError(f"features of class {label} are not finite (NaN or infinity)")
        centred = part - mean
        if label not in self._moments:
            self._moments[label] = new, mean, centred.T @ centred
            return
        old, old_mean, scatter = self._moments[label]
        if len(old_mean) != len(mean):
            raise InputError(f"a batch has {len(mean)} features; there were {len(old_mean)} before")
        step, total = mean - old_mean, old + new
        scatter.addmm_(centred.T, centred).addr_(step, step, alpha=old * new / total)
        self._moments[label] = total, old_mean + step * (new / total), scatter

    def result(self, *, balanced: bool = True, keep_covariances: bool = False) -> ClassStatistics:
        """Return the statistics of everything seen so far.

        Args:
            balanced: Count every class once; False weights classes by their samples.
            keep_covariances: Keep the C class covariances as well.

        Raises:
            InputError: If there are no samples, or a class that must occur does not.
        """
        known = range(self._classes) if self._classes is not None else sorted(self._moments)
        missing = [str(label) for label in known if label not in self._moments]
        if missing or not self._moments:
            names = f"class {', '.join(missing)}" if missing else "any class"
            raise InputError(f"there are no samples of {names}; every class needs at least one")
        moments = [self._moments[label] for label in known]
        means = torch.stack([mean for _, mean, _ in moments])
        counts = torch.tensor([count for count, _, _ in moments], device=means.device)
        parts = torch.ones_like(counts) if balanced else counts
        weights = parts.double() / parts.sum()
        within = torch.zeros_like(moments[0][2])
        for weight, (count, _, scatter) in zip(weights.tolist(), moments, strict=True):
            within.add_(scatter, alpha=weight / count)
        mean = weights @ means
        centred = means - mean
        return ClassStatistics(
            classes=torch.tensor(list(known), device=means.device),
            counts=counts,
            weights=weights,
            means=means,
            mean=mean,
            within=within,
            between=centred.T @ (weights[:, None] * centred),
            covariances=torch.stack([s / n for n, _, s in moments]) if keep_covariances else None,
        )


def _checked_labels(features: Tensor, labels: Tensor, classes: int | None) -> Tensor:
    """Return the labels as int64 on the features' device, if they are class indices."""
    if features.ndim != 2 or features.shape[1] == 0 or labels.shape != features.shape[:1]:
        raise InputError(
            f"features have shape {tuple(features.shape)} and labels {tuple(labels.shape)}; "
            "they must be (n, d) and (n,), with d at least 1"
        )
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise InputError(f"labels are {labels.dtype}; they must be integers, one class per sample")
    labels = labels.to(features.device, torch.int64)
    if len(labels):
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or (classes is not None and high >= classes):
            allowed = "at least 0" if classes is None else f"in 0..{classes - 1}"
            raise InputError(f"labels lie in {low}..{high}; they must be {allowed}")
    return labels
