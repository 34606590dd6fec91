"""A copy of a network of few kinds of layers, for formats that know no others.

BatchNorm in front of a sign becomes one comparison: other programs then round to the same sign.
"""

import torch
from torch import Tensor, nn

from leastloss.models import Binarize, BinaryLayer, effective_weight, give_up_masks, own_copy


def plain_copy(model: nn.Module) -> nn.Module:
    """Copy a network with its masks as zeros and its binary layers as linear ones.

    Returns:
        The copy, on the CPU, in evaluation mode, without gradients; its outputs are the same, bit
        for bit. A binary layer holds its weights of -1, 0 and +1 alone: neither latent weights nor
        mask nor counts of flips.

    Example:
        >>> from leastloss.models import BinaryLinear
        >>> net = plain_copy(nn.Sequential(BinaryLinear(3, 2)))
        >>> type(net[0]).__name__, torch.unique(net[0].weight.abs()).tolist()
        ('Linear', [1.0])
    """
    copied = own_copy(model).cpu()
    for name, layer in list(copied.named_modules()):
        if isinstance(layer, BinaryLayer):
            plain = layer.plain(effective_weight(layer))
            if not name:
                copied = plain
            else:
                copied.set_submodule(name, plain)
    give_up_masks(copied)
    fold_norms(copied)
    return copied.eval().requires_grad_(False)


class Threshold(nn.Module):
    """+1 where ``direction * x >= threshold``, by channel, and -1 elsewhere.

    Programs that run graphs fold a BatchNorm into the layer in front of it. Where that layer adds
    up signs, sums of exactly 0 are common, and the folded weights round some of them to the other
    sign. A sum of signs is exact in any order, and so is its comparison.

    Args:
        threshold: Shape (channels,).
        direction: 1 or -1, of the same shape.

    Example:
        >>> Threshold(torch.tensor([0.5]), torch.tensor([-1.0]))(torch.tensor([[1.0], [-0.5]]))
        tensor([[-1.],
                [ 1.]])
    """

    threshold: Tensor
    direction: Tensor

    def __init__(self, threshold: Tensor, direction: Tensor) -> None:
        super().__init__()
        self.register_buffer("threshold", threshold)
        self.register_buffer("direction", direction)

    def forward(self, x: Tensor) -> Tensor:
        """Compare; ``x`` has shape (n, channels, ...)."""
        by_channel = (-1, *(1 for _ in x.shape[2:]))
        reached = self.direction.view(by_channel) * x >= self.threshold.view(by_channel)
        return torch.where(reached, 1.0, -1.0).to(x.dtype)


@torch.no_grad()
def threshold_of(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> Threshold:
    """The comparison that gives the sign of a BatchNorm in evaluation mode, for every float32.

    It is found by bisection on the floats themselves: what the norm computes, rounding and all,
    rises or falls with its input.

    Example:
        >>> norm = nn.BatchNorm1d(1).eval()
        >>> threshold_of(norm).threshold.item()
        0.0
    """
    norm = norm.eval()
    direction = torch.ones(norm.num_features)
    if norm.affine:
        direction[norm.weight < 0] = -1.0
    shape = (1, -1, *(1 for _ in range(2 if isinstance(norm, nn.BatchNorm2d) else 0)))

    def reached(x: Tensor) -> Tensor:
        normed: Tensor = norm((direction * x).view(shape))
        return (normed >= 0).flatten()

    largest = torch.tensor(torch.finfo(torch.float32).max).view(torch.int32)
    high = largest.long().repeat(norm.num_features)
    low = -high
    always, never = reached(_float(low)), ~reached(_float(high))
    while bool((high - low > 1).any()):
        middle = (low + high) // 2
        at_middle = reached(_float(middle))
        low, high = torch.where(at_middle, low, middle), torch.where(at_middle, middle, high)
    threshold = torch.where(always, -torch.inf, torch.where(never, torch.inf, _float(high)))
    return Threshold(threshold, direction)


def fold_norms(model: nn.Module) -> None:
    """Make one comparison of every BatchNorm and the sign right behind it in a ``Sequential``."""
    for module in model.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for place in range(len(module) - 1):
            norm, sign = module[place], module[place + 1]
            if (
                isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
                and isinstance(sign, Binarize)
                and norm.running_mean is not None  # else it follows the batch
            ):
                module[place], module[place + 1] = threshold_of(norm), nn.Identity()


def _float(key: Tensor) -> Tensor:
    """The float of a whole number: its bits, and the sign apart, so that both are in one order."""
    size = key.abs().to(torch.int32).view(torch.float32)
    return torch.where(key < 0, -size, size)
