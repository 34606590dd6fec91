"""How often weights change their sign in training: counted after every optimiser step."""

from collections.abc import Callable
from typing import Any, cast

import numba
import torch
from torch import Tensor


def _kernel(weight: Any, negative: Any, flips: Any) -> None:
    limit = weight.dtype.type(1)
    for i in range(weight.size):
        value = weight[i]
        value = limit if value > limit else value  # a NaN stays what it is
        value = -limit if value < -limit else value
        weight[i] = value
        now = value < 0
        flips[i] += now ^ negative[i]
        negative[i] = now


# In one pass: a training step of a small network is bound by memory, and every step counts.
_clip_and_count = cast(Callable[..., None], numba.njit(cache=True, nogil=True)(_kernel))


@torch.no_grad()
def clip_and_count(weight: Tensor, negative: Tensor, flips: Tensor) -> None:
    """Clip to [-1, 1], add one where the sign has changed, and note the signs as they are now.

    A zero counts as +1, as in :func:`leastloss.models.binarize.binary_sign`.

    Args:
        weight: Latent weights, of any shape; changed in place.
        negative: Which of them were negative before; bool, changed in place.
        flips: Counts so far; int32, changed in place.

    Example:
        >>> weight, negative = torch.tensor([0.5, 1.5]), torch.tensor([True, False])
        >>> clip_and_count(weight, negative, flips := torch.zeros(2, dtype=torch.int32))
        >>> weight.tolist(), negative.tolist(), flips.tolist()
        ([0.5, 1.0], [False, False], [1, 0])
    """
    tensors = weight.detach(), negative, flips
    plain = weight.dtype in (torch.float32, torch.float64)
    if plain and all(tensor.device.type == "cpu" and tensor.is_contiguous() for tensor in tensors):
        _clip_and_count(*(tensor.view(-1).numpy() for tensor in tensors))
        return
    now = weight.clamp_(-1.0, 1.0) < 0
    flips.add_(now ^ negative)
    negative.copy_(now)
