"""Hidden features: what a layer reads, and what becomes of it behind the last one."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from leastloss.errors import InputError, choose
from leastloss.models.layers import Layer, weight_layers
from leastloss.models.running import evaluation_mode, hooked, matched, reading
from leastloss.models.untouched import untouched

BATCH = 128  # small enough for feature maps to stay in a processor's cache


@dataclass(frozen=True, eq=False)
class LastLayer:
    """The prunable layer that runs last, and what passed through it.

    Attributes:
        layer: The layer.
        read: What it read, shape (n, ...).
        outputs: What it gave, shape (n, ...).
        logits: What the network made of that.
    """

    layer: Layer
    read: Tensor
    outputs: Tensor
    logits: Tensor

    @property
    def inputs(self) -> Tensor:
        """What it read, flattened to (n, d)."""
        return self.read.flatten(1)


def last_layer(model: nn.Module, x: Tensor, batch_size: int = BATCH) -> LastLayer:
    """Run a network in evaluation mode and watch the prunable layer that runs last.

    The order of the run counts, not that of registration: a head may be made first.

    Raises:
        InputError: If no such layer runs.

    Example:
        >>> net = nn.Sequential(nn.ReLU(), nn.Linear(2, 3))
        >>> last_layer(net, -torch.ones(4, 2)).outputs.shape
        torch.Size([4, 3])
    """
    last: list[tuple[Layer, Tensor, Tensor]] = []
    usual: list[Layer] = []

    def keep(_: str, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(layer, nn.Linear | nn.Conv2d)
        # What follows may work in place; copies of all layers' outputs would take half of the time.
        copied = output if usual and layer is not usual[0] else output.clone()
        last[:] = [(layer, inputs[0], copied)]

    pieces: list[tuple[Tensor, Tensor, Tensor]] = []
    layers = weight_layers(model)
    with untouched(model), hooked(layers, keep), evaluation_mode(model), torch.no_grad():
        model(matched(model, x[:2]))  # two samples tell which layer it is
        usual += [layer for layer, *_ in last]
        for batch in x.split(batch_size):
            logits = model(matched(model, batch))
            if not last:
                raise InputError("no Linear or Conv2d layer runs, so there are no features")
            pieces.append((*last[0][1:], logits))
    inputs, outputs, logits = (torch.cat(parts) for parts in zip(*pieces, strict=True))
    return LastLayer(last[0][0], inputs, outputs, logits)


def layer_features(
    model: nn.Module, x: Tensor, layer: str, batch_size: int = BATCH
) -> Iterator[Tensor]:
    """What a module reads, batch by batch, in evaluation mode: the features before it.

    Args:
        model: Any network; it is left as it is.
        x: Samples, shape (n, ...).
        layer: Name of a module as ``named_modules`` has it, as ``layers.2``.
        batch_size: Samples per forward pass: bounds the memory.

    Yields:
        The module's first input, (batch, ...).

    Raises:
        InputError: If there is no such module, or it does not run exactly once in a forward pass.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> [tuple(batch.shape) for batch in layer_features(net, torch.zeros(5, 2), "2", 3)]
        [(3, 3), (2, 3)]
    """
    modules = {name: module for name, module in model.named_modules() if name}
    module = modules[choose("layer", layer, modules)]
    seen: list[Tensor] = []
    # Copied, since the module may work in place.
    with reading({layer: module}, lambda _, values: seen.append(values.clone())):
        for batch in x.split(batch_size):
            seen.clear()
            with evaluation_mode(model), torch.no_grad():
                model(matched(model, batch))
            if len(seen) != 1:
                raise InputError(
                    f"module {layer!r} runs {len(seen)} times in a forward pass; it must run once"
                )
            yield seen[0]
