"""One pass over batches of features: counts, means and total variance of each class.

Samples are centred on the first sample of their class before anything is summed, so features with
a large common offset lose no digits, and a class without any scatter has none to the last bit
(the shifted data algorithm of Chan, Golub and LeVeque 1983). Sums are float64.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leastloss.arguments import computed
from leastloss.errors import InputError

CHUNK = 2**21  # numbers converted to float64 at once: bounds the memory, not the result


@dataclass(eq=False)
class Moments:
    """Sums of the samples of one class, less its first sample."""

    shift: Tensor
    total: Tensor
    square: Tensor
    count: int = 0

    def offset(self) -> Tensor:
        """Mean of the class less its first sample, shape (d,)."""
        return self.total / self.count

    def variance(self) -> Tensor:
        """Variance of each feature in the class, shape (d,)."""
        return (self.square / self.count - self.offset().square()).clamp(min=0)


class ClassSums(ABC):
    """Takes batches in; what becomes of products of features is up to the subclass."""

    def __init__(self, classes: int | None = None) -> None:
        self._classes = classes
        self._moments: dict[int, Moments] = {}

    @computed
    def update(self, features: Tensor, labels: Tensor) -> None:
        """Add a batch: features (n, d) and their labels (n,).

        Raises:
            InputError: If the shapes do not fit, the labels are no class indices, or a feature is
                NaN or infinite.
        """
        labels = checked_labels(features, labels, self._classes)
        known = next(iter(self._moments.values()), None)
        if known is not None and len(known.shift) != features.shape[1]:
            before = len(known.shift)
            raise InputError(
                f"a batch has {features.shape[1]} features; there were {before} before"
            )
        # Sorted as a whole, so that a chunk holds few classes and each product is large.
        order = labels.argsort(stable=True)
        for chunk in torch.split(order, max(1, CHUNK // features.shape[1])):
            present, sizes = torch.unique_consecutive(labels[chunk], return_counts=True)
            centred = features.detach()[chunk].double()
            parts = torch.split(centred, sizes.tolist())
            for label, part in zip(present.tolist(), parts, strict=True):
                self._sum(label, part)
            self._multiply(present.tolist(), parts, centred)

    def _sum(self, label: int, part: Tensor) -> None:
        """Centre the samples of one class in place, and sum them."""
        if label not in self._moments:
            first = part[0].clone()
            self._moments[label] = Moments(first, torch.zeros_like(first), torch.zeros_like(first))
        moments = self._moments[label]
        part -= moments.shift
        total = part.sum(dim=0)
        if not torch.isfinite(total).all():
            raise InputError(f"features of class {label} are not finite (NaN or infinity)")
        moments.total += total
        moments.square += torch.linalg.vector_norm(part, dim=0).square()
        moments.count += len(part)

    @abstractmethod
    def _multiply(self, labels: Sequence[int], parts: Sequence[Tensor], centred: Tensor) -> None:
        """Add the products of centred samples, which are its own to overwrite.

        Args:
            labels: The classes of the chunk, ascending.
            parts: Samples of each of them, views of ``centred``.
            centred: All samples of the chunk, shape (n, d).
        """

    def _moments_of_all(self) -> tuple[list[int], list[Moments]]:
        """Labels and sums of all classes.

        Raises:
            InputError: If there are no samples, or a class that must occur does not.
        """
        known = range(self._classes) if self._classes is not None else sorted(self._moments)
        missing = [str(label) for label in known if label not in self._moments]
        if missing or not self._moments:
            names = f"class {', '.join(missing)}" if missing else "any class"
            raise InputError(f"there are no samples of {names}; every class needs at least one")
        return list(known), [self._moments[label] for label in known]


def checked_labels(features: Tensor, labels: Tensor, classes: int | None) -> Tensor:
    """Return the labels as int64 on the features' device, if they are class indices.

    Raises:
        InputError: If the shapes do not fit or the labels are no class indices.
    """
    for name, value in (("features", features), ("labels", labels)):
        if not isinstance(value, Tensor):
            raise InputError(f"{name} are {type(value).__name__}; they must be a torch.Tensor")
    if labels.ndim == 2 and features.ndim == 2 and len(labels) == len(features):
        raise InputError(
            f"labels have shape {tuple(labels.shape)}, one-hot perhaps; they must be (n,) class "
            "indices, as labels.argmax(1) gives them"
        )
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
