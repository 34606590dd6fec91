"""Class means and pooled scatter, where the size of each class is known beforehand."""

from collections.abc import Sequence

import torch
from torch import Tensor

from leastloss.arguments import checked
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics, summary
from leastloss.geometry.class_sums import ClassSums
from leastloss.geometry.shrinkage import class_weights, scatter_weights


@checked
class PooledAccumulator(ClassSums):
    """Class statistics in memory of d^2 numbers, for features of known class counts.

    Args:
        counts: Samples that each class is going to have, shape (C,); each at least 1.
        balanced: Count every class once; False weights classes by their samples.
        shrinkage: As for :meth:`StatisticsAccumulator.result`.

    Raises:
        InputError: If a class has no sample, or ``shrinkage`` is negative.

    Example:
        >>> accumulator = PooledAccumulator(torch.tensor([2, 1]))
        >>> accumulator.update(torch.tensor([[0.0], [5.0], [2.0]]), torch.tensor([0, 1, 0]))
        >>> accumulator.result().within
        tensor([[0.5000]], dtype=torch.float64)
    """

    def __init__(
        self, counts: Tensor | Sequence[int], *, balanced: bool = True, shrinkage: float = 0.0
    ) -> None:
        self._counts = torch.as_tensor(counts).cpu()
        super().__init__(len(self._counts))
        if len(self._counts) == 0 or int(self._counts.min()) < 1:
            empty = [str(label) for label, count in enumerate(self._counts.tolist()) if count < 1]
            names = f"class {', '.join(empty)}" if empty else "any class"
            raise InputError(f"there are no samples of {names}; every class needs at least one")
        self._weights = class_weights(self._counts, balanced=balanced)
        self._factors = scatter_weights(self._weights, self._counts, shrinkage)
        self._roots = (self._factors / self._counts).sqrt().tolist()
        self._shrinkage = shrinkage
        self._within: Tensor | None = None

    def _multiply(self, labels: Sequence[int], parts: Sequence[Tensor], centred: Tensor) -> None:
        for label, part in zip(labels, parts, strict=True):
            part *= self._roots[label]
        if self._within is None:
            self._within = centred.T @ centred
        else:
            self._within.addmm_(centred.T, centred)

    def result(self) -> ClassStatistics:
        """Return the statistics, once all samples were seen.

        Raises:
            InputError: If there were more or fewer samples of a class than said.
        """
        labels, moments = self._moments_of_all()
        seen = [part.count for part in moments]
        if seen != self._counts.tolist() or self._within is None:
            announced = self._counts.tolist()
            raise InputError(f"the classes have {seen} samples; {announced} were announced")
        offsets = torch.stack([part.offset() for part in moments])
        scaled = self._factors.sqrt().to(offsets.device)[:, None] * offsets
        within = torch.addmm(self._within, scaled.T, scaled, alpha=-1)
        return summary(labels, moments, self._weights, within, self._shrinkage, None)
