"""Noise on the weights instead of the samples: each weight times 1 + eps."""

import torch
from torch import nn

from leastloss.data import _checks
from leastloss.errors import InputError
from leastloss.models import BinaryLayer, check_module, effective_weight, own_copy, weight_layers
from leastloss.seeds import torch_stream

WEIGHT_NOISE = "weight-noise"
SIGMAS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Standard deviation of eps at severities 1..5."""


@torch.no_grad()
def with_weight_noise(model: nn.Module, severity: int, seed: int) -> nn.Module:
    """Return a copy of a network whose weights are ``w (1 + eps)``, eps normal.

    The weights are those that the Linear and Conv2d layers multiply with: of binary layers, signs
    times mask. Noise in proportion leaves pruned weights at zero. Biases and BatchNorm stay.
    The eps of a layer follows from the seed, the severity, the layer's place among the layers and
    its shape, so a network and what was pruned from it get the same.

    Args:
        model: Any network; it is left as it is.
        severity: 1 (sigma 0.01) to 5 (sigma 0.2).
        seed: Of the noise.

    Raises:
        InputError: If the severity is not in 1..5, or there is no layer whose weight could be
            changed.

    Example:
        >>> layer = nn.Linear(2, 1, bias=False)
        >>> layer.weight.data = torch.tensor([[1.0, 0.0]])
        >>> noisy = with_weight_noise(layer, 5, seed=0).weight.detach()
        >>> 0 < abs(float(noisy[0, 0]) - 1) < 1, float(noisy[0, 1])
        (True, 0.0)
    """
    sigma = SIGMAS[_checks.integer("severity", severity, 1, 5) - 1]
    check_module(model)
    noisy = own_copy(model)
    layers = weight_layers(noisy)
    plain = {name: layer for name, layer in layers.items() if "weight" in layer._parameters}
    if not plain:
        raise InputError(f"{WEIGHT_NOISE} needs Linear or Conv2d layers with a weight of their own")
    done: set[int] = set()
    for place, (name, layer) in enumerate(layers.items()):
        if name not in plain or id(layer.weight) in done:  # two layers may share one weight
            continue
        done.add(id(layer.weight))
        weight = effective_weight(layer)
        shape = "x".join(str(size) for size in weight.shape)
        generator = torch_stream(seed, f"noise/{WEIGHT_NOISE}/{severity}/{place}/{shape}")
        eps = torch.empty(weight.shape).normal_(0.0, sigma, generator=generator)
        weight *= 1 + eps.to(weight)
        if not isinstance(layer, BinaryLayer):
            layer.weight.copy_(weight)
        elif name:
            noisy.set_submodule(name, layer.plain(weight))
        else:
            return layer.plain(weight)
    return noisy
