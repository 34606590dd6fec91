"""What every step of a path reports, and the record of the steps."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from leastloss.data import Data, Split
from leastloss.errors import InputError
from leastloss.evaluation import (
    classification_metrics,
    description_length,
    evaluate,
    fairness_metrics,
    network_collapse,
    network_cost,
    predict,
)
from leastloss.models import Masks, Units, chain_units, network_sparsity, prunable_layers
from leastloss.pruning.masks import Parts, dead_units, sparsity
from leastloss.pruning.noise import under_noise
from leastloss.pruning.path import Step, changes


def ternary_weights(model: nn.Module, masks: Masks) -> dict[str, NDArray[np.int8]]:
    """Signs of the kept weights as matrices of -1, 0 (pruned) and +1, shape (out, fan-in).

    A latent weight of exactly 0 counts as +1, as in the binary forward pass.
    """
    layers = prunable_layers(model, list(masks))

    def ternary(weight: Tensor, mask: Tensor) -> NDArray[np.int8]:
        signs = (weight >= 0).to(torch.int8).mul_(2).sub_(1).mul_(mask)
        return signs.flatten(1).cpu().numpy()

    return {name: ternary(layers[name].weight.detach(), mask) for name, mask in masks.items()}


def measure(
    model: nn.Module,
    masks: Masks,
    data: Data,
    logits: torch.Tensor | None = None,
    units: Units | None = None,
) -> dict[str, float]:
    """Measure a pruned network.

    Args:
        model: The network, with the masks applied.
        masks: What is kept.
        data: What it is measured on.
        logits: What it returns for the test split, if that is at hand.
        units: Its hidden units; those of a chain of layers when omitted.

    Returns:
        The metrics of :func:`leastloss.evaluate` on the test split, the same with prefix ``val_``
        on the validation split; ``bdm_bits``, ``block_entropy``, ``mask_sign_bits``,
        ``lzma_bytes``, ``zlib_bytes`` and ``compressed_bytes`` of the ternary weights; how far the
        last features of the training split have collapsed, of at most 1,000 samples a class, or
        30 where there are convolutions
        (:func:`leastloss.evaluation.network_collapse`); ``dead_units`` (where units are pruned, and
        in chains of layers); ``weight_sparsity`` of the layers with masks, and ``network_sparsity``
        of all weight matrices, by the masks; ``parameters``, ``multiply_adds`` and ``bits`` of
        what is kept (:func:`leastloss.evaluation.cost.network_cost`).
    """
    test = data.test
    predicted = predict(model, test.x) if logits is None else logits
    metrics = classification_metrics(test.rows(predicted), test.labels, test.classes, test.minority)
    metrics |= {f"val_{name}": value for name, value in evaluate(model, data.val).items()}
    metrics |= description_length(ternary_weights(model, masks))
    metrics |= network_collapse(model, data.train)
    metrics["weight_sparsity"] = sparsity(masks)
    metrics["network_sparsity"] = network_sparsity(model, masks)
    metrics |= network_cost(model, masks, data.test.x)
    # No units to count unless it is a chain of layers that are all masked.
    with contextlib.suppress(InputError, KeyError):
        metrics["dead_units"] = float(dead_units(masks, units or chain_units(model)))
    return metrics


@dataclass(frozen=True, kw_only=True)
class Record:
    """The steps of a path so far.

    Attributes:
        dense: The network before any removal.
        parts: Its numbered parts.
        data: What steps are measured on.
        noisy: Damaged test splits by the name of their noise.
        repaired: Whether the first step is of a dense network that was repaired.
        on_step: Called with each step.
        steps: What was measured.
    """

    dense: nn.Module
    parts: Parts
    data: Data
    noisy: Mapping[str, Split]
    repaired: bool = True
    on_step: Callable[[Step], None] | None = None
    steps: list[Step] = field(default_factory=list)

    @cached_property
    def before(self) -> NDArray[Any]:
        """Labels that the dense network gives the test samples, before any repair."""
        if self.steps and not self.repaired:
            return self.steps[0].predicted
        return self._labels(predict(self.dense, self.data.test.x))

    def add(self, model: nn.Module, order: NDArray[np.int64], extra: Mapping[str, float]) -> None:
        """Measure the network after the removal of the parts in ``order``."""
        masks = self.parts.masks(order)
        shares = [sparsity({name: mask}) for name, mask in masks.items()]
        test = self.data.test
        logits = predict(model, test.x)
        metrics = measure(model, masks, self.data, logits, self.parts.units)
        predicted = self._labels(logits)
        before = self.before if self.steps or self.repaired else predicted
        metrics |= fairness_metrics(predicted, before, test.labels, test.classes)
        noise_metrics, failed = under_noise(model, self.noisy)
        metrics |= noise_metrics
        metrics |= {f"sparsity_layer_{i}": share for i, share in enumerate(shares)} | dict(extra)
        repaired = changes(self.dense, masks, model)
        self.steps.append(Step(len(self.steps), len(order), metrics, repaired, predicted, failed))
        if self.on_step is not None:
            self.on_step(self.steps[-1])

    def _labels(self, logits: torch.Tensor) -> NDArray[Any]:
        """The largest logit of each label's row, in the smallest type that holds all classes."""
        rows = self.data.test.rows(logits)
        return rows.argmax(dim=1).numpy().astype(np.min_scalar_type(self.data.classes - 1))
