"""Forward passes in which weights move while what the layers give is held, and how they differ."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from leastloss.models.binary_layers import BinaryLayer
from leastloss.models.copying import own_copy
from leastloss.models.layers import Layer, effective_weight, weight_layers
from leastloss.models.running import hooked
from leastloss.models.untouched import run_once_alike
from leastloss.seeds import torch_stream


@dataclass(frozen=True, eq=False)
class Pass:
    """A forward pass: its logits, and inputs and outputs of each layer, call by call."""

    inputs: dict[str, list[Tensor]]
    outputs: dict[str, list[Tensor]]
    logits: list[Tensor] = field(default_factory=list)
    strange: set[str] = field(default_factory=set)  # give something else than weight times input


def run_once(
    model: nn.Module,
    x: Tensor,
    names: Sequence[str],
    fixed: Pass | None = None,
    moved: Sequence[str] = (),
) -> Pass:
    """Run a copy, with the outputs of another run and the weights of some layers moved."""
    trial = own_copy(model)  # with random streams of its own in the state they are in
    layers = {name: layer for name, layer in weight_layers(trial).items() if name in names}
    for name in moved:
        _move(layers[name])
    run = Pass({name: [] for name in names}, {name: [] for name in names})

    def look(name: str, layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> Tensor | None:
        assert isinstance(layer, nn.Linear | nn.Conv2d)
        call = len(run.outputs[name])
        if fixed is not None:
            output = fixed.outputs[name][call] if call < len(fixed.outputs[name]) else output
        elif not _multiplies(layer, inputs[0], output):
            run.strange.add(name)
        run.inputs[name].append(inputs[0].clone())
        run.outputs[name].append(output)
        # What follows may work in place.
        return output.clone() if isinstance(output, Tensor) else None

    with hooked(layers, look):
        run.logits.append(run_once_alike(trial, x))
    return run


@torch.no_grad()
def _move(layer: Layer) -> None:
    if isinstance(layer, BinaryLayer):
        layer.weight.neg_()
        return
    generator = torch_stream(0, "usage")
    noise = torch.randn(layer.weight.shape, generator=generator).to(layer.weight)
    layer.weight.add_(noise * (1 + layer.weight.abs().max()))


def _multiplies(layer: Layer, inputs: Tensor, output: Any) -> bool:
    """Whether an output is what weight and bias make of the input."""
    weight = effective_weight(layer)
    bias = None if layer.bias is None else layer.bias.detach()
    if not isinstance(output, Tensor):
        return False
    expected, size = (
        functional.linear(values, matrix, shift)
        if isinstance(layer, nn.Linear)
        else layer._conv_forward(values, matrix, shift)
        for values, matrix, shift in (
            (inputs, weight, bias),
            (inputs.abs(), weight.abs(), None if bias is None else bias.abs()),
        )
    )
    return expected.shape == output.shape and _close(output, expected, size, root=True)


def alike(run: Pass, other: Pass) -> bool:
    """Whether logits are the same, and what each layer reads."""
    pairs = [(run.logits, other.logits)]
    pairs += [(values, other.inputs[name]) for name, values in run.inputs.items()]
    return all(
        len(ours) == len(theirs)
        and all(
            a.shape == b.shape and _close(a, b, b.abs().max())
            for a, b in zip(ours, theirs, strict=True)
        )
        for ours, theirs in pairs
    )


def _close(a: Tensor, b: Tensor, size: Tensor, *, root: bool = False) -> bool:
    """Whether two results agree to the rounding of their type, for sums of terms of such a size."""
    eps = torch.finfo(a.dtype).eps
    share = max(4 * eps, min(eps**0.5, 0.02)) if root else 16 * eps
    apart = (a.double() - b.double()).abs() > share * size.double()
    return not bool((apart | (a.isnan() != b.isnan())).any())
