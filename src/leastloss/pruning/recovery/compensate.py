"""Compensation: least squares, layer by layer, towards what the dense network computed."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from leastloss.activations import (
    PARTED,
    Draws,
    in_lockstep,
    network_key,
    reading_keys,
    repairable_layers,
    ridge_of,
    row_supports,
    solving_key,
)
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.geometry import masked_least_squares
from leastloss.models import Layer, Masks, any_binary, mask_for, misused, weight_layers
from leastloss.pruning.recovery.base import Recovery, Repair
from leastloss.pruning.recovery.targets import Targets


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
        most: Samples of each class that are read; 0: 2,000, or, where there are convolutions, as
            many of all classes together, but at least 20 of each.

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
        """Draw the samples; the targets of layers are noted when they are first repaired."""
        return self.prepare(dense, data, seed, Draws())

    def prepare(self, dense: nn.Module, data: Data, seed: int, draws: Draws) -> Repair:
        """Begin with the draws of a path; see :meth:`Recovery.prepare`."""
        refuse_binary(dense, "compensate")
        samples = draws.draw(
            data.train, dense, balanced=self.balanced, noise=self.noise, most=self.most
        )
        targets, barred = Targets(dense, samples), misused(dense, samples.x[:8])

        @torch.no_grad()
        def repair(model: nn.Module, masks: Masks) -> None:
            layers = repairable_layers(model, samples.x[:2], masks, barred)
            targets.note(layers)
            trained = weight_layers(dense)
            batches = [samples.x[piece] for piece in samples.batches(model)]
            keys, read, inverses = reading_keys(model, layers), {}, {}
            outputs: list[Any] = []
            for stop in in_lockstep(model, layers, batches, outputs):
                name, key = next(keys, ("", b""))
                if stop.name != name:
                    raise InputError(f"runs {PARTED}")
                layer, mask = layers[name], mask_for(masks, name, layers[name])
                moments, cross = targets.moments(model, name, layer, key, stop.inputs)
                read[name] = moments, cross
                expected = name in samples.cache.expected
                constants, inverse = fit_layer(
                    layer, moments, cross, mask, self.gamma, start=trained[name], inverse=expected
                )
                if constants is not None:
                    shift_norm(model, dense, samples.norms[name], constants)
                if inverse is not None:
                    inverses[name] = inverse
            if len(read) < len(layers):
                raise InputError(f"runs {PARTED}")
            if all(isinstance(output, Tensor) for output in outputs):
                samples.cache.put(model, "", "logits", network_key(model), torch.cat(outputs))
            for name, key in reading_keys(model, layers):
                moments, cross = read[name]
                samples.cache.put(model, name, "moments", key, moments)
                targets.store(model, name, key, cross)
                if name in inverses:
                    mask = mask_for(masks, name, layers[name])
                    solved = solving_key(key, mask, self.gamma)
                    samples.cache.put(model, name, "inverse diagonals", solved, inverses[name])

        return repair


def refuse_binary(model: nn.Module, name: str) -> None:
    """Refuse networks with binary layers.

    Raises:
        InputError: If there is one.
    """
    if any_binary(model.modules()):
        raise InputError(
            f"{name!r} sets real weights, which binary layers cannot take; use 'recalibrate'"
        )


def fit_layer(
    layer: Layer,
    moments: Tensor,
    cross: Tensor,
    mask: Tensor,
    gamma: float,
    *,
    start: Layer | None = None,
    inverse: bool = False,
) -> tuple[Tensor | None, Tensor | None]:
    """Set a layer's kept weights and bias to the solution of its least-squares problem.

    Args:
        layer: Changed in place.
        moments: Second moments of its inputs, shape (groups, d, d).
        cross: Moments of inputs and targets, shape (groups, d, units of a group).
        mask: Kept weights, of the weight's shape.
        gamma: Ridge as a share of the mean squared input.
        start: The layer whose weights wide layers begin with; zeros if there is none.
        inverse: Whether to return what the solution brings to hand.

    Returns:
        What is to be added to each unit's output, shape (units,), where there is one for the bias
        and the layer has none; and, if asked for, the diagonals of the inverse moments of every
        unit's kept inputs, shape (units, d).
    """
    width, diagonals, constants = mask[0].numel(), [], []
    for g, support in enumerate(row_supports(mask, moments)):
        ridge = ridge_of(layer, moments[g], gamma)
        inverse_diagonals = torch.zeros_like(support, dtype=torch.float64) if inverse else None
        rows = slice(g * len(support), (g + 1) * len(support))
        solution = masked_least_squares(
            moments[g],
            cross[g],
            support,
            ridge,
            diagonals=inverse_diagonals,
            start=None if start is None else _weights_of(start, rows, support),
        )
        diagonals += [] if inverse_diagonals is None else [inverse_diagonals]
        layer.weight[rows] = solution[:, :width].reshape(layer.weight[rows].shape).to(layer.weight)
        if layer.bias is not None:
            layer.bias[rows] = solution[:, -1].to(layer.bias)
        elif solution.shape[1] > width:
            constants.append(solution[:, -1])
    return (
        torch.cat(constants) if constants else None,
        torch.cat(diagonals) if diagonals else None,
    )


def _weights_of(layer: Layer, rows: slice, support: Tensor) -> Tensor:
    """Weights and bias of a group of units; 0 for what a BatchNorm adds."""
    weights = layer.weight[rows].flatten(1)
    lacking = support.shape[1] - weights.shape[1]
    if layer.bias is not None and lacking:
        return torch.cat([weights, layer.bias[rows, None]], dim=1)
    return functional.pad(weights, (0, lacking))


def shift_norm(model: nn.Module, dense: nn.Module, name: str, constants: Tensor) -> None:
    """Add constants to what a BatchNorm reads, by its running mean as the dense network has it."""
    norm, as_trained = model.get_submodule(name), dense.get_submodule(name)
    assert isinstance(norm, _BatchNorm)
    assert isinstance(as_trained, _BatchNorm)
    if norm.running_mean is not None and as_trained.running_mean is not None:
        norm.running_mean.copy_(as_trained.running_mean - constants.to(norm.running_mean))
