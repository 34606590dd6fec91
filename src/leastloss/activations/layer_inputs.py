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
    weight_layers,
)


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


def rows_of(layer: Layer, values: Tensor, starts: Tensor | None = None, most: int = 0) -> Tensor:
    """Inputs as the rows that a layer multiplies with.

    Args:
        layer: A Linear layer (any middle dimensions are positions) or a convolution (patches).
        values: Inputs of the layer, shape (n, ...).
        starts: Where in [0, 1) the positions of each sample begin, shape (n,); 0 when omitted.
        most: At most so many positions of a sample, evenly spaced; all of them when 0. With starts
            drawn at random, each position is as likely as any other.

    Returns:
        Shape (groups, n, positions, channels of a group, taps of the kernel), not contiguous: the
        last two are the dimensions of the weight.

    Example:
        >>> rows_of(nn.Conv2d(1, 4, 3, padding=1), torch.zeros(2, 1, 5, 5)).shape
        torch.Size([1, 2, 25, 1, 9])
        >>> rows_of(nn.Linear(6, 3), torch.zeros(2, 6)).shape
        torch.Size([1, 2, 1, 6, 1])
    """
    n = len(values)
    if isinstance(layer, nn.Linear):
        return _some(values.reshape(n, -1, values.shape[-1]), starts, most)[None, ..., None]
    if layer.padding_mode != "zeros":
        spread = layer._reversed_padding_repeated_twice
        values, left, top = functional.pad(values, spread, mode=layer.padding_mode), 0, 0
        right = bottom = 0
    else:
        left, right, top, bottom = layer._reversed_padding_repeated_twice
    high, wide = values.shape[2:]
    down = _outputs(high + top + bottom, layer, 0)
    across = _outputs(wide + left + right, layer, 1)
    if 0 < most < down * across:  # of a map of 32 by 32 one patch in thirty is gathered
        position = _spaced(down * across, most, starts, values)
    else:
        position = torch.arange(down * across, device=values.device).expand(n, -1)
    y, x = (
        (at * step)[:, :, None] - start + torch.arange(side, device=values.device) * far
        for at, step, start, side, far in zip(
            (position // across, position % across),
            layer.stride,
            (top, left),
            layer.kernel_size,
            layer.dilation,
            strict=True,
        )
    )
    inside = (((y >= 0) & (y < high))[..., None] & ((x >= 0) & (x < wide))[:, :, None]).flatten(1)
    index = (y.clamp(0, high - 1)[..., None] * wide + x.clamp(0, wide - 1)[:, :, None]).flatten(1)
    flat = values.flatten(2)
    patches = flat.gather(2, index[:, None].expand(-1, flat.shape[1], -1))
    if top or bottom or left or right:
        patches = patches.mul_(inside[:, None])
    taps = layer.kernel_size[0] * layer.kernel_size[1]
    split = patches.view(n, layer.groups, -1, position.shape[1], taps)
    return split.permute(1, 0, 3, 2, 4)


def outputs_of(layer: Layer, output: Tensor, starts: Tensor | None = None, most: int = 0) -> Tensor:
    """What a layer gives at the positions of :func:`rows_of`, (groups, n, positions, units).

    Example:
        >>> outputs_of(nn.Conv2d(4, 6, 3, groups=2), torch.zeros(2, 6, 5, 5), most=3).shape
        torch.Size([2, 2, 3, 3])
    """
    n, groups = len(output), 1
    if isinstance(layer, nn.Conv2d):
        groups, rows = layer.groups, output.flatten(2).transpose(1, 2)
    else:
        rows = output.reshape(n, -1, output.shape[-1])
    apart: Tensor = _some(rows, starts, most).unflatten(2, (groups, -1))
    return apart.permute(2, 0, 1, 3)


def _outputs(size: int, layer: nn.Conv2d, side: int) -> int:
    kernel = layer.dilation[side] * (layer.kernel_size[side] - 1) + 1
    return (size - kernel) // layer.stride[side] + 1


def _some(rows: Tensor, starts: Tensor | None, most: int) -> Tensor:
    """Rows of shape (n, positions, ...) at no more than so many positions of each sample."""
    if not 0 < most < rows.shape[1]:
        return rows
    positions = _spaced(rows.shape[1], most, starts, rows)
    return rows[torch.arange(len(rows), device=rows.device)[:, None], positions]


def _spaced(count: int, most: int, starts: Tensor | None, values: Tensor) -> Tensor:
    """Evenly spaced positions of each sample, (n, most)."""
    if starts is None:
        starts = torch.zeros(len(values))
    steps = torch.arange(most, device=values.device, dtype=torch.float64)
    begin = starts.to(steps)[:, None]
    places: Tensor = ((steps + begin) * (count / most)).long()
    return places.clamp(max=count - 1)
