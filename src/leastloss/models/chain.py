"""Whether the hidden units of a network reach the next layer and nothing else."""

from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models.layers import prunable_layers
from leastloss.models.running import hooked
from leastloss.models.unit_reach import run_once_alike, stray_units
from leastloss.models.units import chain_units


def check_chain(model: nn.Module, x: Tensor, consumers: dict[str, str]) -> None:
    """Refuse a network in which a unit feeds more than the layer that is said to consume it.

    The order of registration alone says nothing of the order of the run, nor of a residual
    connection. So the network runs with some of the units moved
    (:func:`leastloss.models.unit_reach.stray_units`).

    Args:
        model: The network; it is left as it is.
        x: A few samples, shape (n, ...).
        consumers: Producing layer -> consuming layer, as :func:`hidden_units` pairs them.

    Raises:
        InputError: If a layer does not run exactly once, or a unit reaches anything else than the
            inputs of the consumer that are counted as its own.

    Example:
        >>> import torch
        >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> check_chain(net, torch.rand(2, 4), {"0": "2"})
    """
    order: list[str] = []
    with hooked(prunable_layers(model), lambda name, *_: order.append(name)):
        run_once_alike(model, x)
    expected = [*consumers, *list(consumers.values())[-1:]]
    if order != expected:
        ran, registered = " -> ".join(order), " -> ".join(expected)
        raise InputError(
            f"units need a plain chain: the layers run as {ran} and are registered as "
            f"{registered}; use the granularity 'weight'"
        )
    for producer, fault in stray_units(model, x, chain_units(model), first=True).items():
        raise InputError(f"the units of layer {producer!r} {fault}; use the granularity 'weight'")
