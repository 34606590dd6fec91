"""Binary weights and activations with a straight-through gradient."""

from collections.abc import Callable
from typing import Any, cast

import numba
import torch
from torch import Tensor, nn


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


_CLOSED = 1.0 + 2.0**-23


class _Sign(torch.autograd.Function):
    """Sign with values in {-1, +1}; the gradient passes where ``|x| <= 1``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return binary_sign(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        # One pass instead of three. The operator's window is open: the next float32 after 1 closes
        # it, and latent weights that were clipped to exactly 1 can still come back.
        passed: Tensor = torch.ops.aten.hardtanh_backward(grads[0], x, -_CLOSED, _CLOSED)
        return passed


def binary_sign(x: Tensor) -> Tensor:
    """Sign without a zero: +1 where ``x >= 0`` and -1 elsewhere.

    Example:
        >>> binary_sign(torch.tensor([-0.5, 0.0, 2.0]))
        tensor([-1.,  1.,  1.])
    """
    if torch.compiler.is_exporting():  # ONNX has no copysign
        return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)
    # Several times faster than torch.where; adding 0 turns -0.0, whose sign bit is set, into 0.0.
    return torch.copysign(torch.ones((), dtype=x.dtype, device=x.device), x + 0.0)


def binarize(x: Tensor) -> Tensor:
    """Binarize to {-1, +1} with a straight-through estimator.

    The gradient is the identity in the window ``|x| <= 1`` and zero outside it
    (Courbariaux et al. 2016, "Binarized Neural Networks").

    Args:
        x: Any real tensor.

    Returns:
        A tensor of the same shape with values -1 and +1.

    Example:
        >>> x = torch.tensor([-2.0, 0.3], requires_grad=True)
        >>> binarize(x).sum().backward()
        >>> x.grad
        tensor([0., 1.])
    """
    if torch.is_grad_enabled() and x.requires_grad:
        signs: Tensor = _Sign.apply(x)
        return signs
    return binary_sign(x)


class Binarize(nn.Module):
    """The binary activation as a module, so that hooks see its output as a layer's features."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the signs of ``x``."""
        return binarize(x)
