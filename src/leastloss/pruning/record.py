"""Writes down what each measured step cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from leastloss.data import Data, Split
from leastloss.evaluation import fairness_metrics, predict
from leastloss.pruning.masks import Parts, sparsity
from leastloss.pruning.measure import measure
from leastloss.pruning.noise import under_noise
from leastloss.pruning.path import Step, changes


@dataclass(frozen=True, kw_only=True)
class Record:
    """The steps of a path so far.

    Attributes:
        dense: The network before any removal.
        parts: Its numbered parts.
        data: What steps are measured on.
        noisy: Damaged test splits by the name of their noise.
        on_step: Called with each step.
        steps: What was measured.
    """

    dense: nn.Module
    parts: Parts
    data: Data
    noisy: Mapping[str, Split]
    on_step: Callable[[Step], None] | None = None
    steps: list[Step] = field(default_factory=list)

    @cached_property
    def before(self) -> NDArray[Any]:
        """Labels that the dense network gives the test samples, before any repair."""
        return self._labels(predict(self.dense, self.data.test.x))

    def add(self, model: nn.Module, order: NDArray[np.int64], extra: Mapping[str, float]) -> None:
        """Measure the network after the removal of the parts in ``order``."""
        masks = self.parts.masks(order)
        shares = [sparsity({name: mask}) for name, mask in masks.items()]
        test = self.data.test
        logits = predict(model, test.x)
        metrics = measure(model, masks, self.data, logits)
        predicted = self._labels(logits)
        metrics |= fairness_metrics(predicted, self.before, test.y, test.classes)
        noise_metrics, failed = under_noise(model, self.noisy)
        metrics |= noise_metrics
        metrics |= {f"sparsity_layer_{i}": share for i, share in enumerate(shares)} | dict(extra)
        repaired = changes(self.dense, masks, model)
        self.steps.append(Step(len(self.steps), len(order), metrics, repaired, predicted, failed))
        if self.on_step is not None:
            self.on_step(self.steps[-1])

    def _labels(self, logits: torch.Tensor) -> NDArray[Any]:
        """The largest logit of each sample, in the smallest type that holds all classes."""
        return logits.argmax(dim=1).numpy().astype(np.min_scalar_type(self.data.classes - 1))
