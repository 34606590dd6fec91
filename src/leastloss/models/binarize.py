"""Binary weights and activations with a straight-through gradient."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from leastloss.models.flips import clip_and_count

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


class BinaryLinear(nn.Linear):
    """A linear layer whose effective weights are ``sign(weight) * mask``.

    ``weight`` holds the latent real weights, which training clips to [-1, 1]. ``mask`` is a buffer
    (1 kept, 0 pruned), so it travels with ``state_dict``: 0 is a legitimate latent value, and only
    the mask says what is pruned. ``flips`` is a buffer too: how often each latent weight
    changed its sign from one optimiser step to the next, in all training by ``ll.fit``.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.

    Example:
        >>> layer = BinaryLinear(3, 2)
        >>> sorted(set(layer.effective_weight().flatten().tolist())) in ([-1.0], [1.0], [-1.0, 1.0])
        True
    """

    mask: Tensor
    flips: Tensor
    _negative: Tensor | None = None  # which weights were negative when flips were last counted

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features, bias=False)
        nn.init.xavier_uniform_(self.weight)
        self.register_buffer("mask", torch.ones(out_features, in_features))
        flips = torch.zeros(out_features, in_features, dtype=torch.int32)
        self.register_buffer("flips", flips)

    def effective_weight(self) -> Tensor:
        """The weights that the layer multiplies with, in {-1, 0, +1}, shape (out, in)."""
        return binarize(self.weight) * self.mask

    def forward(self, x: Tensor) -> Tensor:
        """Apply the binary weights; ``x`` has shape (n, in_features)."""
        return functional.linear(x, self.effective_weight())

    @torch.no_grad()
    def watch_(self) -> None:
        """Count sign flips from here on, at every :meth:`clip_`; loading a state ends it."""
        self._negative = self.weight < 0

    @torch.no_grad()
    def clip_(self) -> None:
        """Clip the latent weights to [-1, 1]: beyond, the gradient would be zero for good."""
        if self._negative is None:
            self.weight.clamp_(-1.0, 1.0)
        else:
            clip_and_count(self.weight, self._negative, self.flips)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Load states from before flips were counted, too."""
        self._negative = None
        state_dict.setdefault(f"{prefix}flips", torch.zeros_like(self.flips))
        super()._load_from_state_dict(state_dict, prefix, *rest)


class Binarize(nn.Module):
    """The binary activation as a module, so that hooks see its output as a layer's features."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the signs of ``x``."""
        return binarize(x)
