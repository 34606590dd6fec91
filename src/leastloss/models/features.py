"""Hidden features: what the last layer reads."""

import torch
from torch import Tensor, nn

from leastloss.models.layers import prunable_layers
from leastloss.models.running import evaluation_mode, matched


def penultimate_features(model: nn.Module, x: Tensor, batch_size: int = 4096) -> Tensor:
    """The inputs of the prunable layer that runs last, in evaluation mode, shape (n, features).

    The order of the run counts, not that of registration: a head may be made first.

    Example:
        >>> penultimate_features(nn.Sequential(nn.ReLU(), nn.Linear(2, 3)), -torch.ones(4, 2))
        tensor([[0., 0.],
                [0., 0.],
                [0., 0.],
                [0., 0.]])
    """
    last: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        last[:] = [inputs[0]]

    pieces: list[Tensor] = []
    handles = []
    try:
        for layer in prunable_layers(model).values():
            handles.append(layer.register_forward_pre_hook(keep))
        with evaluation_mode(model), torch.inference_mode():
            for batch in x.split(batch_size):
                model(matched(model, batch))
                pieces.append(last[0].flatten(1))
    finally:
        for handle in handles:
            handle.remove()
    return torch.cat(pieces)
