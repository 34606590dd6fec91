"""Whether the hidden units of a network reach the next layer and nothing else."""

import copy

import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models.binarize import BinaryLinear
from leastloss.models.layers import prunable_layers
from leastloss.models.running import evaluation_mode, matched


def check_chain(model: nn.Module, x: Tensor, consumers: dict[str, str]) -> None:
    """Refuse a network in which a unit feeds more than the layer that is said to consume it.

    The order of registration alone says nothing of the order of the run, nor of a residual
    connection. So the network runs twice with the consumer's weights at zero, once with noise on
    the units: the logits must not move.

    Args:
        model: The network; it is left as it is.
        x: A few samples, shape (n, ...).
        consumers: Producing layer -> consuming layer, as :func:`hidden_units` pairs them.

    Raises:
        InputError: If a layer does not run exactly once, or a unit reaches anything else.

    Example:
        >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> check_chain(net, torch.rand(2, 4), {"0": "2"})
    """
    order: list[str] = []
    handles = [
        layer.register_forward_hook(lambda *_, name=name: order.append(name))
        for name, layer in prunable_layers(model).items()
    ]
    try:
        _logits(model, x)
    finally:
        for handle in handles:
            handle.remove()
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
    handle = layers[producer].register_forward_hook(lambda _, __, output: 3.0 - 2.0 * output)
    try:
        return torch.equal(_logits(trial, x), quiet)
    finally:
        handle.remove()


def _logits(model: nn.Module, x: Tensor) -> Tensor:
    with evaluation_mode(model), torch.inference_mode():
        logits: Tensor = model(matched(model, x))
    return logits
