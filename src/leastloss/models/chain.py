"""Whether the hidden units of a network reach the next layer and nothing else."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models.binarize import BinaryLinear
from leastloss.models.layers import prunable_layers
from leastloss.models.running import evaluation_mode, hooked, matched
from leastloss.models.units import sort_by_unit
from leastloss.models.untouched import same_randomness


def check_chain(model: nn.Module, x: Tensor, consumers: dict[str, str]) -> None:
    """Refuse a network in which a unit feeds more than the layer that is said to consume it.

    The order of registration alone says nothing of the order of the run, nor of a residual
    connection. So the network runs twice with the consumer's weights at zero, once with noise on
    the units: the logits must not move. And it runs with noise on some of the units: what the
    consumer reads of the others must not move.

    Args:
        model: The network; it is left as it is.
        x: A few samples, shape (n, ...).
        consumers: Producing layer -> consuming layer, as :func:`hidden_units` pairs them.

    Raises:
        InputError: If a layer does not run exactly once, or a unit reaches anything else than the
            inputs of the consumer that are counted as its own.

    Example:
        >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> check_chain(net, torch.rand(2, 4), {"0": "2"})
    """
    order: list[str] = []
    with hooked(prunable_layers(model), lambda name, *_: order.append(name)):
        _logits(model, x)
    expected = [*consumers, *list(consumers.values())[-1:]]
    if order != expected:
        ran, registered = " -> ".join(order), " -> ".join(expected)
        raise InputError(
            f"units need a plain chain: the layers run as {ran} and are registered as "
            f"{registered}; use the granularity 'weight'"
        )
    for producer, consumer in consumers.items():
        if not _feeds_only(model, x, producer, consumer):
            raise InputError(
                f"the units of layer {producer!r} reach more than layer {consumer!r} (a residual "
                "connection?); use the granularity 'weight'"
            )
        if not _apart(model, x, producer, consumer):
            raise InputError(
                f"the units of layer {producer!r} mix before layer {consumer!r} reads them (a "
                "normalisation over units, or flattened in another order?); use the granularity "
                "'weight'"
            )


def _feeds_only(model: nn.Module, x: Tensor, producer: str, consumer: str) -> bool:
    trial = copy.deepcopy(model)
    layers = prunable_layers(trial)
    reader = layers[consumer]
    with torch.no_grad():
        if isinstance(reader, BinaryLinear):
            reader.mask.zero_()
        else:
            reader.weight.zero_()
    quiet = _logits(trial, x)
    with hooked({producer: layers[producer]}, lambda *seen: 3.0 - 2.0 * seen[-1]):
        return torch.equal(_logits(trial, x), quiet)


def _apart(model: nn.Module, x: Tensor, producer: str, consumer: str) -> bool:
    layers = prunable_layers(model)
    units = len(layers[producer].weight)
    number = torch.arange(units, device=layers[producer].weight.device)
    quiet = _read(model, x, producer, consumer, number < 0)
    # Any two units differ in a bit of their numbers: each is once moved without the other.
    for bit in range((units - 1).bit_length()):
        for side in (0, 1):
            moved = (number >> bit & 1) == side
            now = _read(model, x, producer, consumer, moved)
            if not torch.equal(now[:, ~moved], quiet[:, ~moved]):
                return False
    return True


def _read(model: nn.Module, x: Tensor, producer: str, consumer: str, moved: Tensor) -> Tensor:
    """What a layer reads while some units of another are moved, shape (n, units, positions)."""
    layers, seen = prunable_layers(model), list[Tensor]()
    channels = isinstance(layers[producer], nn.Conv2d)

    def look(name: str, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Any:
        if name == producer:
            units = moved[:, None, None] if channels else moved
            return torch.where(units, 3.0 - 2.0 * output, output)
        values = inputs[0]
        if isinstance(layer, nn.Linear):  # features come last
            values = values.reshape(len(values), -1, layer.in_features).movedim(-1, 1)
        seen.append(sort_by_unit(values, len(moved)).clone())
        return None

    with hooked({name: layers[name] for name in (producer, consumer)}, look):
        _logits(model, x)
    return seen[0]


def _logits(model: nn.Module, x: Tensor) -> Tensor:
    # What a network draws at random is the same in all runs that are compared.
    with same_randomness(), evaluation_mode(model), torch.no_grad():
        logits: Tensor = model(matched(model, x))
    return logits
