"""A copy of a network of torch's own layers alone, for formats that know no others."""

from torch import nn

from leastloss.deploy.thresholds import fold_norms
from leastloss.models import BinaryLayer, effective_weight, give_up_masks, own_copy


def plain_copy(model: nn.Module) -> nn.Module:
    """Copy a network with its masks as zeros and its binary layers as linear ones.

    Returns:
        The copy, on the CPU, in evaluation mode, without gradients; its outputs are the same, bit
        for bit. A binary layer holds its weights of -1, 0 and +1 alone: neither latent weights nor
        mask nor counts of flips.

    Example:
        >>> import torch
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
