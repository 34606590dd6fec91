"""What a layer reads, without running what comes after it."""

from collections.abc import Container, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from leastloss.errors import InputError
from leastloss.models import (
    Layer,
    evaluation_mode,
    hooked,
    matched,
    own_weights,
    prunable_layers,
    reading,
    weight_layers,
)


class _Reached(Exception):  # no error: the run stops where it was asked to
    """Carries the input of the layer at which the run stops."""

    def __init__(self, values: Tensor) -> None:
        super().__init__("reached")
        self.values = values


def _stop(_: str, values: Tensor) -> None:
    raise _Reached(values.detach())


@torch.no_grad()
def input_of(model: nn.Module, layer: nn.Module, x: Tensor) -> Tensor:
    """The input of a layer for a batch; later layers do not run.

    Raises:
        InputError: If the layer does not run.

    Example:
        >>> net = nn.Sequential(nn.ReLU(), nn.Linear(2, 3))
        >>> input_of(net, net[1], -torch.ones(1, 2))
        tensor([[0., 0.]])
    """
    try:
        with evaluation_mode(model), reading({"": layer}, _stop):
            model(matched(model, x))
    except _Reached as reached:
        return reached.values
    raise InputError("a layer that is to be pruned is not called in a forward pass")


def run_order(model: nn.Module, x: Tensor, names: Sequence[str]) -> list[str]:
    """Names of layers in the order in which they run, each once.

    Raises:
        InputError: If a layer runs never or twice.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
        >>> run_order(net, torch.zeros(1, 2), ["1", "0"])
        ['0', '1']
    """
    ran = _runs(model, prunable_layers(model, names), x)
    if sorted(ran) != sorted(names):
        odd = sorted({name for name in names if ran.count(name) != 1})
        raise InputError(
            f"layer {odd[0]!r} is called {ran.count(odd[0])} times in a forward pass; once is "
            "supported: leave it out by naming the other layers"
        )
    return ran


def repairable_layers(
    model: nn.Module, x: Tensor, pruned: Iterable[str], misused: Container[str] = ()
) -> dict[str, Layer]:
    """The layers that a repair may set anew, in the order in which they run.

    They are those that are pruned, and all others that run once and own their weight, which nothing
    else uses (:func:`leastloss.models.usage.misused`); a layer that is not to be pruned stays as it
    is where it cannot be repaired.

    Raises:
        InputError: If a pruned layer runs never or twice.

    Example:
        >>> twice = nn.Linear(2, 2)
        >>> net = nn.Sequential(twice, nn.ReLU(), twice, nn.Linear(2, 3))
        >>> list(repairable_layers(net, torch.zeros(1, 2), ["3"]))
        ['3']
    """
    wanted, layers = set(pruned), weight_layers(model)
    ran = _runs(model, {name: layers[name] for name in own_weights(model)}, x)
    once = {name for name in ran if ran.count(name) == 1 and name not in misused}
    return {name: layers[name] for name in run_order(model, x, sorted(wanted | once))}


@torch.no_grad()
def _runs(model: nn.Module, layers: Mapping[str, Layer], x: Tensor) -> list[str]:
    """Names of layers as they run, each as often as it does."""
    ran: list[str] = []
    with evaluation_mode(model), hooked(layers, lambda name, *_: ran.append(name)):
        model(matched(model, x))
    return ran


def rows_of(layer: Layer, values: Tensor, positions: int = 0) -> Tensor:
    """Inputs as the rows that a layer multiplies with, shape (n, positions, groups, fan-in).

    Args:
        layer: A Linear layer (any middle dimensions are positions) or a convolution (patches).
        values: Inputs of the layer, shape (n, ...).
        positions: At most so many of them, evenly spaced; all of them when 0.

    Example:
        >>> rows_of(nn.Conv2d(1, 4, 3, padding=1), torch.zeros(2, 1, 5, 5)).shape
        torch.Size([2, 25, 1, 9])
        >>> rows_of(nn.Linear(6, 3), torch.zeros(2, 6)).shape
        torch.Size([2, 1, 1, 6])
    """
    if isinstance(layer, nn.Linear):
        rows = values.reshape(len(values), -1, 1, values.shape[-1])
        return rows[:, _spaced(rows.shape[1], positions, values.device)]
    if isinstance(layer.padding, str) or layer.padding_mode != "zeros":
        spread = layer._reversed_padding_repeated_twice
        mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
        values, padding = functional.pad(values, spread, mode=mode), (0, 0)
    else:
        padding = layer.padding  # type: ignore[assignment]  # not a string here
    patches = functional.unfold(
        values, layer.kernel_size, dilation=layer.dilation, padding=padding, stride=layer.stride
    )
    chosen = patches[:, :, _spaced(patches.shape[2], positions, values.device)]
    return chosen.transpose(1, 2).reshape(len(values), chosen.shape[2], layer.groups, -1)


def _spaced(count: int, most: int, device: torch.device) -> Tensor:
    if not 0 < most < count:
        return torch.arange(count, device=device)
    return torch.linspace(0, count - 1, most, device=device).round().long()
