"""Whether the units of a network reach the layers that are said to read them, and nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from leastloss.models.layers import Layer, weight_layers
from leastloss.models.running import hooked
from leastloss.models.units import Units
from leastloss.models.untouched import run_once_alike


def is_depthwise(layer: nn.Module) -> bool:
    """Whether a convolution takes every channel for itself, and gives one for each.

    Example:
        >>> is_depthwise(nn.Conv2d(4, 4, 3, groups=4))
        True
    """
    return isinstance(layer, nn.Conv2d) and 1 < layer.groups == layer.in_channels == len(
        layer.weight
    )


def inputs_of(layer: Layer, columns: Tensor) -> Tensor:
    """The inputs of a layer that meet columns of its weight: in groups, one of each group.

    Args:
        layer: The layer.
        columns: Shape (units, columns).

    Returns:
        Shape (units, inputs): features of a Linear layer, channels of a convolution.

    Example:
        >>> inputs_of(nn.Conv2d(6, 4, 3, groups=2), torch.tensor([[0], [2]])).tolist()
        [[0, 3], [2, 5]]
    """
    groups = layer.groups if isinstance(layer, nn.Conv2d) else 1
    starts = torch.arange(groups) * layer.weight.shape[1]
    return (columns[:, None] + starts[:, None]).flatten(1)


def stray_units(
    model: nn.Module, x: Tensor, units: Units, *, first: bool = False
) -> dict[str, str]:
    """Find units that more depends on than the weights that are said to read them.

    All units of one half are moved at once, for as many halves as tell any two units apart, while
    the layers that read units give what they gave before. Then no other input of a layer may move,
    nor the logits. With ``first``, one that is wrong is enough; ``x`` are a few samples, (n, ...).

    Returns:
        Name of a layer of ``units`` -> what is wrong with its units; empty: nothing.

    Example:
        >>> from leastloss.models.units import chain_units
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=1), nn.Linear(3, 2))
        >>> stray_units(net, torch.rand(1, 2), chain_units(net))
        {'0': "mix before layer '2' reads them (a normalisation over units, or flattened in \
another order?)"}
    """
    layers, plain, faults = weight_layers(model), _run(model, x, {}, {}), dict[str, str]()
    for name, coupled in units.items():
        for layer in (*coupled.rows, *coupled.columns):
            if plain.calls.get(layer, 0) != 1:
                faults[name] = f"pass layer {layer!r}, which runs {plain.calls.get(layer, 0)} times"
    ungrouped = {n: layer for n, layer in layers.items() if not is_depthwise(layer)}

    def tried(names: list[str], most: int | None) -> str:
        return _fault(model, x, plain, ungrouped, {name: units[name] for name in names}, most)

    # What reaches far or mixes with its neighbours is found by a few runs each; only if more is
    # wrong, all are looked at closely.
    for most in (0, 1, None):
        names = [name for name in units if name not in faults]
        if (first and faults) or not tried(names, None):
            break
        for name in names:
            if fault := tried([name], most):
                faults[name] = fault
                if first:
                    break
    return {name: faults[name] for name in units if name in faults}


@dataclass(frozen=True)
class _Run:
    """What layers read and gave in a run without any change, the logits, and how often they ran."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    calls: dict[str, int]


def _fault(
    model: nn.Module,
    x: Tensor,
    plain: _Run,
    ungrouped: Mapping[str, Layer],
    units: Units,
    most: int | None,
) -> str:
    """What moves that should not; empty: nothing."""
    layers = weight_layers(model)
    for moved in _halves(units, most):
        rows: dict[str, Tensor] = {}
        read = {n: torch.zeros(width_of(layer), dtype=torch.bool) for n, layer in ungrouped.items()}
        readers = {reader for coupled in units.values() for reader in coupled.columns}
        for name, coupled in units.items():
            for layer, of_unit in coupled.rows.items():
                rows.setdefault(layer, torch.zeros(len(layers[layer].weight), dtype=torch.bool))
                rows[layer][of_unit[moved[name]]] = True
            for layer, of_unit in coupled.columns.items():
                read[layer][inputs_of(layers[layer], of_unit)[moved[name]]] = True
        held = {n: plain.outputs[n] for n in ungrouped if n in plain.outputs}
        now = _run(model, x, held, rows)
        for name, seen in now.inputs.items():
            at = -3 if isinstance(layers[name], nn.Conv2d) else -1
            if name in ungrouped and not _same(seen, plain.inputs[name], at, ~read[name]):
                if name in readers:
                    return (
                        f"mix before layer {name!r} reads them (a normalisation over units, or "
                        "flattened in another order?)"
                    )
                return _beyond(units)
        if not torch.equal(now.outputs[""], plain.outputs[""]):
            return _beyond(units)
    return ""


def _beyond(units: Units) -> str:
    readers = [reader for coupled in units.values() for reader in coupled.columns]
    return f"reach more than layer {', '.join(map(repr, readers))} (a residual connection?)"


def _halves(units: Units, most: int | None) -> Iterator[dict[str, Tensor]]:
    """Which units of each layer are moved: all; then halves, so that any two are told apart.

    At most so many pairs of halves; None: all that it takes.

    They are numbered over all layers: two that are moved in the same runs would hide one another.
    """
    ends = list(accumulate(map(len, units.values())))
    numbers = {
        name: torch.arange(end - len(coupled), end)
        for (name, coupled), end in zip(units.items(), ends, strict=True)
    }
    yield {name: number >= 0 for name, number in numbers.items()}
    for bit in range((ends[-1] - 1).bit_length() if ends else 0)[:most]:
        for side in (0, 1):
            yield {name: (number >> bit & 1) == side for name, number in numbers.items()}


def width_of(layer: Layer) -> int:
    """How many inputs a layer reads: features, or channels."""
    return layer.in_channels if isinstance(layer, nn.Conv2d) else layer.in_features


def _same(now: Tensor, before: Tensor, at: int, kept: Tensor) -> bool:
    """Whether what a layer reads is the same where it should be, along one dimension."""
    if now.shape != before.shape:
        return False
    kept = kept.to(now.device)
    return torch.equal(now.movedim(at, 0)[kept], before.movedim(at, 0)[kept])


def _run(
    model: nn.Module, x: Tensor, replaced: Mapping[str, Tensor], moved: Mapping[str, Tensor]
) -> _Run:
    """Run the network; what is held gives that, and the moved rows of layers something else."""
    run = _Run({}, {}, {})

    def look(name: str, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Any:
        run.calls[name] = run.calls.get(name, 0) + 1
        run.inputs[name] = inputs[0].clone()  # what follows may work in place
        run.outputs[name] = output = replaced.get(name, output).clone()
        if name in moved:
            rows = moved[name].to(output.device)
            across = rows[:, None, None] if isinstance(layer, nn.Conv2d) else rows
            return torch.where(across, 3.0 - 2.0 * output, output)
        return output.clone() if name in replaced else None

    with hooked(weight_layers(model), look):
        run.outputs[""] = run_once_alike(model, x)
    return run
