"""Hidden features: what a layer reads, collected by hooks that are always taken off again."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from leastloss.models.layers import prunable_layers


@contextmanager
def captured_inputs(layers: dict[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Fill a dict with each layer's last input while the block runs."""
    seen: dict[str, Tensor] = {}

    def watch(name: str, layer: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            seen[name] = inputs[0]

        return layer.register_forward_pre_hook(keep)

    handles = [watch(name, layer) for name, layer in layers.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


@torch.inference_mode()
def penultimate_features(model: nn.Module, x: Tensor, batch_size: int = 4096) -> Tensor:
    """The inputs of the last prunable layer, in evaluation mode, shape (n, features).

    Example:
        >>> penultimate_features(nn.Sequential(nn.ReLU(), nn.Linear(2, 3)), -torch.ones(4, 2))
        tensor([[0., 0.],
                [0., 0.],
                [0., 0.],
                [0., 0.]])
    """
    name, last = list(prunable_layers(model).items())[-1]
    training = model.training
    model.eval()
    pieces: list[Tensor] = []
    with captured_inputs({name: last}) as seen:
        for batch in x.split(batch_size):
            model(batch)
            pieces.append(seen[name].flatten(1))
    model.train(training)
    return torch.cat(pieces)
