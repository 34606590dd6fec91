"""The units of a network: those of a chain of layers, or what can be traced."""

from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models.layers import prunable_layers
from leastloss.models.linear_forms import form_hint
from leastloss.models.running import hooked
from leastloss.models.traced_units import traced_units
from leastloss.models.unit_reach import stray_units
from leastloss.models.units import Units, chain_units
from leastloss.models.untouched import run_once_alike


def find_units(model: nn.Module, x: Tensor | None = None) -> tuple[Units, dict[str, str]]:
    """Find the units of a network.

    Args:
        model: Any network; it is left as it is.
        x: A few samples, shape (n, ...). Without them the network does not run, and is taken for a
            chain if its layers look like one.

    Returns:
        The units; and layer -> why its units are left out, as the network cannot lose them.

    Raises:
        InputError: If there are none that can be removed.

    Example:
        >>> import torch
        >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> list(find_units(net, torch.rand(2, 4))[0])
        ['0']
    """
    try:
        return _units_and_reasons(model, x)
    except InputError as error:
        if hint := form_hint(model):
            raise InputError(f"{error}{hint}") from error
        raise


def _units_and_reasons(model: nn.Module, x: Tensor | None) -> tuple[Units, dict[str, str]]:
    if x is None:
        return chain_units(model), {}
    try:
        return checked_chain(model, x), {}
    except InputError as no_chain:
        try:
            units, left_out = traced_units(model, x)
        except InputError as untraced:
            raise no_chain from untraced
    if units:
        return units, left_out
    if not left_out:
        raise InputError("the network has no hidden layer, so it has no units; prune its weights")
    name, reason = next(iter(left_out.items()))
    raise InputError(f"the units of layer {name!r} {reason}; use the granularity 'weight'")


def checked_chain(model: nn.Module, x: Tensor) -> Units:
    """The units of a chain, once runs have shown that each reaches its reader and nothing else.

    The order of registration alone says nothing of the order of the run, nor of a residual
    connection. So the network runs with some of the units moved
    (:func:`leastloss.models.unit_reach.stray_units`) on a few samples, shape (n, ...).

    Raises:
        InputError: As :func:`chain_units`; or if a layer does not run exactly once, or a unit
            reaches anything else than the inputs of the reader that are counted as its own.

    Example:
        >>> import torch
        >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> list(checked_chain(net, torch.rand(2, 4)))
        ['0']
    """
    units, order = chain_units(model), list[str]()
    with hooked(prunable_layers(model), lambda name, *_: order.append(name)):
        run_once_alike(model, x)
    expected = [*units, *list(units.values())[-1].columns]
    if order != expected:
        ran, registered = " -> ".join(order), " -> ".join(expected)
        raise InputError(
            f"units need a plain chain: the layers run as {ran} and are registered as "
            f"{registered}; use the granularity 'weight'"
        )
    for producer, fault in stray_units(model, x, units, first=True).items():
        raise InputError(f"the units of layer {producer!r} {fault}; use the granularity 'weight'")
    return units
