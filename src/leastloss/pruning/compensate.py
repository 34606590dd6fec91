"""Compensation: least squares, layer by layer, towards what the dense network computed."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from leastloss.criteria.known import Known, reading_keys
from leastloss.criteria.moments import (
    Samples,
    draw_samples,
    layer_rows,
    moments_of,
    ridge_of,
)
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.geometry.compensation import masked_least_squares
from leastloss.models.capture import repairable_layers
from leastloss.models.layers import Layer, Masks, any_binary, weight_layers
from leastloss.pruning.recovery import Recovery, Repair


@dataclass(frozen=True, kw_only=True)
class Compensate(Recovery):
    """Fit the kept weights anew so that each layer computes what it did in the dense network.

    Layer by layer in the order of the run (one that is not pruned and that several places share
    stays as it is): the inputs are those of the pruned network as repaired
    so far, the targets the dense network's pre-activations, and each unit's kept weights and bias
    solve a ridge regression (:mod:`leastloss.geometry.compensation`). No gradient is taken and no
    label is read but to count every class once. A removed unit's share is thereby folded into the
    units that the next layer still reads.

    Attributes:
        balanced: Count every class once; False counts every sample once.
        gamma: Ridge as a share of the mean squared input.
        noise: Standard deviation of Gaussian noise on half of the inputs; targets stay clean, so
            the repaired network learns to undo it.
        most: Samples of each class that are read; 0: 2,000 (200 where there are convolutions).

    Raises:
        InputError: If an option is out of range; at the start, if a layer is binary.

    Example:
        >>> Compensate(balanced=False).label
        'compensate:balanced=false'
    """

    name: ClassVar[str] = "compensate"
    memoryless: ClassVar[bool] = True
    renews: ClassVar[bool] = True

    balanced: bool = True
    gamma: float = 1e-3
    noise: float = 0.0
    most: int = 0

    def __post_init__(self) -> None:
        """Refuse options that have no meaning."""
        if not 0 < self.gamma < float("inf"):
            raise InputError(f"gamma is {self.gamma}; it must be above 0 and finite")
        if not 0 <= self.noise < float("inf") or self.most < 0:
            raise InputError(
                f"noise is {self.noise} and most {self.most}; they must be at least 0 and finite"
            )

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        """Draw the samples and note the targets of every layer."""
        refuse_binary(dense, "compensate")
        samples = draw_samples(
            data.train, dense, balanced=self.balanced, noise=self.noise, most=self.most
        )
        targets = _Targets(dense, samples)
        return lambda model, masks: self._repair(model, masks, samples, targets)

    @torch.no_grad()
    def _repair(
        self, model: nn.Module, masks: Masks, samples: Samples, targets: "_Targets"
    ) -> None:
        layers = repairable_layers(model, samples.x[:2], masks)
        for name, key in reading_keys(model, layers):
            layer = layers[name]
            mask = masks[name] if name in masks else torch.ones_like(layer.weight).bool()
            moments, cross = targets.moments(model, name, layer, key)
            fit_layer(layer, moments, cross, mask, self.gamma)


def refuse_binary(model: nn.Module, name: str) -> None:
    """Refuse networks with binary layers.

    Raises:
        InputError: If there is one.
    """
    if any_binary(model.modules()):
        raise InputError(
            f"{name!r} sets real weights, which binary layers cannot take; use 'recalibrate'"
        )


def fit_layer(layer: Layer, moments: Tensor, cross: Tensor, mask: Tensor, gamma: float) -> None:
    """Set a layer's kept weights and bias to the solution of its least-squares problem.

    Args:
        layer: Changed in place.
        moments: Second moments of its inputs, shape (groups, d, d).
        cross: Moments of inputs and targets, shape (groups, d, units of a group).
        mask: Kept weights, of the weight's shape.
        gamma: Ridge as a share of the mean squared input.
    """
    bias, width = layer.bias is not None, mask[0].numel()
    for g, kept in enumerate(mask.flatten(1).to(moments.device).tensor_split(len(moments))):
        ridge = ridge_of(moments[g], gamma, bias=bias)
        support = torch.cat([kept, kept.new_ones(len(kept), 1)], dim=1) if bias else kept
        found = masked_least_squares(moments[g], cross[g], support, ridge).to(layer.weight)
        rows = slice(g * len(kept), (g + 1) * len(kept))
        layer.weight[rows] = found[:, :width].reshape(layer.weight[rows].shape)
        if layer.bias is not None:
            layer.bias[rows] = found[:, -1]


class _Targets:
    """The dense network's pre-activations, and moments of a layer's inputs with them."""

    def __init__(self, dense: nn.Module, samples: Samples) -> None:
        self._samples, self._dense = samples, dense
        self._layers = weight_layers(dense)
        self._values: dict[str, list[Tensor]] = {}
        self._cross = Known()

    def moments(
        self, model: nn.Module, name: str, layer: Layer, key: bytes
    ) -> tuple[Tensor, Tensor]:
        """Second moments of the inputs, and their moments with the targets, by group."""
        found_inputs = self._samples.known.get(model, name, key)
        found_cross = self._cross.get(model, name, key)
        if found_inputs and found_cross:  # the first layer mostly reads the same at all steps
            return found_inputs[0], found_cross[0]
        values = self._values.get(name)
        if values is None:
            values = self._values[name] = self._of(name)
        count, found = len(self._samples.x), []
        for piece, value in zip(self._samples.batches(model), values, strict=True):
            rows = layer_rows(model, layer, self._samples.x[piece], count)
            # Targets ride along as further columns: one product gives both moments.
            both = torch.cat([rows, value], dim=-1)
            found.append(moments_of(rows, both, self._samples.weights[piece]))
        total = torch.stack(found).sum(dim=0)
        inputs, cross = total.split([total.shape[1], total.shape[2] - total.shape[1]], dim=2)
        if not (torch.isfinite(inputs).all() and torch.isfinite(cross).all()):
            raise InputError(f"inputs of layer {name!r} are not finite (NaN or infinity)")
        self._samples.known.put(model, name, key, (inputs,))
        self._cross.put(model, name, key, (cross,))
        return inputs, cross

    def _of(self, name: str) -> list[Tensor]:
        """Pre-activations on the clean inputs, by batch: (n, positions, groups, units)."""
        layer, count = self._layers[name], len(self._samples.x)
        weight = layer.weight.flatten(1)
        if layer.bias is not None:
            weight = torch.cat([weight, layer.bias[:, None]], dim=1)
        values = []
        for piece in self._samples.batches(self._dense):
            rows = layer_rows(self._dense, layer, self._samples.clean[piece], count)
            groups = weight.view(rows.shape[2], -1, weight.shape[1])
            values.append(torch.einsum("npgd,god->npgo", rows, groups))
        return values
