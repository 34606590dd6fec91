"""The result of one pruning: what was removed, in which order, and what each step cost."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.errors import InputError
from leastloss.models import Masks
from leastloss.pruning.masks import Parts, apply_masks
from leastloss.pruning.recovery.base import Repair
from leastloss.pruning.schedule import parts_at


def _no_labels() -> NDArray[Any]:
    return np.zeros(0, dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Step:
    """One row of the path.

    Attributes:
        index: 0 is the dense network.
        removed: How many parts are gone.
        metrics: What was measured, by name.
        repaired: Entries of the state that recovery changed; empty without recovery.
        predicted: The labels given to the test samples (n,), in the smallest unsigned type.
        failed: Why metrics under a noise are NaN, as ``gaussian3_failed``; empty where none is.
    """

    index: int
    removed: int
    metrics: Mapping[str, float]
    repaired: Mapping[str, Tensor]
    predicted: NDArray[Any] = field(default_factory=_no_labels)
    failed: Mapping[str, str] = field(default_factory=dict)


@checked
@dataclass(frozen=True, eq=False)
class PruningPath:
    """A network on its way from dense to sparse.

    Attributes:
        dense: The network before any removal.
        parts: The numbering of its weights or units.
        removal_order: Numbers of the removed parts, first to go first, shape (removed,).
        steps: One entry per step; the first is the dense network.
        settings: What was asked for, as plain values.
        repair: What repaired the steps, if its result does not depend on earlier steps.
        dense_predicted: The labels that the dense network, before any repair, gives the test
            samples (n,).
        remarks: What should not be overlooked, a sentence each: zeros that the network came with,
            matrices that stay dense, layers that lost their last weight, classes that are never
            predicted any more or have no test sample.
    """

    dense: nn.Module
    parts: Parts
    removal_order: NDArray[np.int64]
    steps: tuple[Step, ...]
    settings: Mapping[str, object]
    repair: Repair | None = None
    dense_predicted: NDArray[Any] = field(default_factory=_no_labels)
    remarks: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """One row per step: step, removed, sparsity, accuracy, minority_recall, ...

        Where the network failed under a noise at some step, its metrics under that noise are NaN
        there, and a column as ``gaussian3_failed`` says why; at all other steps it is empty.
        """
        total = len(self.parts)
        fine = {name: "" for step in self.steps for name in step.failed}
        rows = [
            {"step": step.index, "removed": step.removed, "sparsity": step.removed / total}
            | {**step.metrics, **fine, **step.failed}
            for step in self.steps
        ]
        return pd.DataFrame(rows)

    def predictions(self) -> NDArray[Any]:
        """The labels given to the test samples at each step, shape (steps, n)."""
        return np.stack([step.predicted for step in self.steps])

    @checked
    def masks_at(self, sparsity: float) -> Masks:
        """The masks with ``round(sparsity * parts)`` parts removed.

        Raises:
            InputError: If the path does not reach that sparsity.
        """
        return self.parts.masks(self.removed_parts(self._removed_at(sparsity)))

    @checked
    def removed_parts(self, count: int) -> NDArray[np.int64]:
        """Numbers of the first ``count`` parts that were removed, shape (count,)."""
        return self.removal_order[:count]

    def gone(self, count: int) -> NDArray[np.int64]:
        """The former name of :meth:`removed_parts`."""
        return self.removed_parts(count)

    @checked
    def model_at(self, sparsity: float) -> nn.Module:
        """The network at a sparsity, as a copy in evaluation mode.

        Every sparsity up to the last is at hand, since the order says it all and the repair is made
        again; but only those of the steps are where the recovery builds on earlier steps.

        Raises:
            InputError: If there is no such network on the path; it lists the nearest ones.
        """
        removed = self._removed_at(sparsity)
        match = [step for step in self.steps if step.removed == removed]
        repaired = any(step.repaired for step in self.steps)
        if repaired and not match and self.repair is None:
            near = sorted(self.steps, key=lambda step: abs(step.removed - removed))[:3]
            shares = ", ".join(f"{step.removed / len(self.parts):.4g}" for step in near)
            raise InputError(
                f"no step of this path has sparsity {sparsity:g}; the nearest: {shares}"
            )
        model = copy.deepcopy(self.dense)
        masks = self.parts.masks(self.removed_parts(removed))
        apply_masks(model, masks)
        if match:
            restore(model, match[-1].repaired)
        elif repaired and self.repair is not None:
            self.repair(model.eval(), masks)
        return model.eval()

    def _removed_at(self, sparsity: float) -> int:
        most = len(self.removal_order) / len(self.parts)
        if not 0 <= sparsity <= 1:  # NaN too
            raise InputError(f"sparsity is {sparsity:g}; it must lie in [0, 1]")
        # Both a step's exact share and its rounded spelling (0.95) must be found again.
        removed = parts_at(sparsity, len(self.parts))
        missing = self.steps[0].removed
        if not missing <= removed <= len(self.removal_order):
            least = missing / len(self.parts)
            raise InputError(
                f"sparsity {sparsity:g} is not on this path; it goes from {least:.4g} to {most:.4g}"
            )
        return removed


def changes(dense: nn.Module, masks: Masks, model: nn.Module) -> dict[str, Tensor]:
    """Entries of the state that recovery changed: those that masking alone does not explain."""
    masked = copy.deepcopy(dense)
    apply_masks(masked, masks)
    now = model.state_dict()
    return {
        name: now[name].detach().clone()
        for name, value in masked.state_dict().items()
        if not torch.equal(value, now[name])
    }


def restore(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Copy some entries of a state back in place."""
    now = model.state_dict()
    with torch.no_grad():
        for name, value in state.items():
            now[name].copy_(value)
