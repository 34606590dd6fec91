"""What stands between two layers: the modules with a state that a hidden unit passes."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from leastloss.models.layers import Layer, weight_layers
from leastloss.models.running import hooked, reading
from leastloss.models.untouched import run_once_alike


@dataclass(frozen=True, eq=False)
class Span:
    """A layer as it runs, and the modules with a state of their own that run behind it.

    Attributes:
        layer: The layer.
        inputs: What it read.
        outputs: What it gave.
        norms: BatchNorm layers up to the next layer, each with what it read.
        opaque: Names of all other modules with parameters or buffers up to there.
    """

    layer: Layer
    inputs: Tensor
    outputs: Tensor
    norms: dict[str, tuple[_BatchNorm, Tensor]] = field(default_factory=dict)
    opaque: list[str] = field(default_factory=list)

    @property
    def reader(self) -> str:
        """Name of the BatchNorm that reads the very outputs of the layer; empty: none."""
        return next((n for n, (_, seen) in self.norms.items() if seen is self.outputs), "")


def spans_of(model: nn.Module, x: Tensor) -> dict[str, Span]:
    """Run a network in evaluation mode and note what runs behind each layer.

    Args:
        model: Any network; it is left as it is.
        x: A few samples, shape (n, ...).

    Returns:
        Layer name -> its span, in the order of the run; what runs twice is opaque.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2))
        >>> [(name, span.reader) for name, span in spans_of(net, torch.zeros(1, 2)).items()]
        [('0', '1'), ('3', '')]
    """
    layers = weight_layers(model)
    seen: list[tuple[str, nn.Module, Tensor, Tensor]] = []

    def note(name: str, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        # A module may be called by keywords alone; layers and norms are not.
        seen.append((name, module, inputs[0] if inputs else output, output))

    leaves = {n: m for n, m in model.named_modules() if not any(m.children())}
    with hooked(leaves, note):
        run_once_alike(model, x)
    runs, spans, last = Counter(name for name, *_ in seen), dict[str, Span](), ""
    for name, module, inputs, output in seen:
        if name in layers:
            spans[name] = Span(layers[name], inputs, output)
            last = name
        elif last and isinstance(module, _BatchNorm) and runs[name] == 1:
            spans[last].norms[name] = module, inputs
        elif last and module.state_dict():
            spans[last].opaque.append(name)
    return spans


def norms_behind(model: nn.Module, x: Tensor) -> dict[str, str]:
    """The BatchNorm layers that stand for the biases of the layers before them.

    A convolution before a BatchNorm mostly has no bias, since the BatchNorm would take it off
    again. In evaluation it does not: it takes off its running mean, and to move that mean is to add
    a constant.

    Args:
        model: Any network; it is left as it is.
        x: A few samples, shape (n, ...).

    Returns:
        Name of a layer without a bias -> name of the BatchNorm that alone reads what it gives,
        and nothing else.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2))
        >>> norms_behind(net, torch.zeros(1, 1, 3, 3))
        {'0': '1'}
    """
    pairs = {
        name: span
        for name, span in spans_of(model, x).items()
        if span.layer.bias is None and span.reader and _by_unit(span)
    }
    if not pairs or _alone(model, x, pairs):
        return {name: span.reader for name, span in pairs.items()}
    return {n: span.reader for n, span in pairs.items() if _alone(model, x, {n: span})}


def _by_unit(span: Span) -> bool:
    """Whether the BatchNorm behind a layer has a mean for each of its units."""
    norm, _ = span.norms[span.reader]
    apart = isinstance(span.layer, nn.Conv2d) or span.outputs.ndim == 2
    return apart and norm.running_mean is not None and norm.num_features == len(span.layer.weight)


def _alone(model: nn.Module, x: Tensor, pairs: dict[str, Span]) -> bool:
    """Whether each BatchNorm reads just what its layer gives, and nothing else does.

    Then constants that are added to the outputs and taken off before the BatchNorm change nothing.
    """

    def run(size: float) -> Tensor:
        def constants(name: str, like: Tensor) -> Tensor:
            units = torch.linspace(-size, size, like.shape[1]).to(like)
            scale = pairs[name].outputs.detach().abs().mean()
            return (units * scale).view(-1, *(1,) * (like.ndim - 2))

        owners = {span.reader: name for name, span in pairs.items()}
        layers = {name: span.layer for name, span in pairs.items()}
        norms = {reader: model.get_submodule(reader) for reader in owners}
        with (
            hooked(layers, lambda name, _, args, output: output + constants(name, output)),
            reading(norms, lambda reader, values: values - constants(owners[reader], values)),
        ):
            result = run_once_alike(model, x)
        return result if isinstance(result, Tensor) else x.new_zeros(1)

    plain, moved = run(0.0), run(1.0)
    size = plain.abs().max().clamp(min=torch.finfo(plain.dtype).tiny)
    tolerance = 100 * torch.finfo(plain.dtype).eps ** 0.75
    return bool((moved - plain).abs().max() <= tolerance * size)
