"""Copies of networks, so that what a user gives is left as it is."""

import copy

from torch import Tensor, nn
from torch.nn.utils import prune

from leastloss.arguments import checked
from leastloss.errors import InputError
from leastloss.models.binary_layers import BinaryLayer
from leastloss.models.layers import PRUNED, any_binary, weight_layers
from leastloss.models.zeros import give_up_masks, zeros_of


def own_copy(model: nn.Module) -> nn.Module:
    """Copy a network with all that it holds.

    In the copy, Linear and Conv2d layers that ``torch.nn.utils.prune`` masks have plain weights and
    remember the mask (see :mod:`leastloss.models.zeros`), and results that a forward pass has kept
    are detached.

    Raises:
        InputError: If it holds, in a list or the like, a tensor that is computed from others, which
            torch does not copy.

    Example:
        >>> layer = prune.l1_unstructured(nn.Linear(2, 2), "weight", amount=1)
        >>> copied = own_copy(layer)
        >>> isinstance(copied.weight, nn.Parameter), int(copied.pruning_mask.sum())
        (True, 3)
    """
    computed = {
        id(value): value.detach().clone()
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, Tensor) and not value.is_leaf
    }
    try:
        copied = copy.deepcopy(model, computed)
    except RuntimeError as error:
        if "deepcopy" not in str(error):
            raise
        raise InputError(
            f"{type(model).__name__} holds a tensor that is computed from others, and so cannot be "
            "copied; detach results that are kept"
        ) from error
    make_plain(copied)
    return copied


def make_plain(model: nn.Module) -> None:
    """Turn masks of ``torch.nn.utils.prune`` into plain weights and masks that are remembered."""
    for layer in weight_layers(model).values():
        for hook in list(layer._forward_pre_hooks.values()):
            if not isinstance(hook, prune.BasePruningMethod):
                continue
            name: str = hook._tensor_name
            mask = layer.get_buffer(f"{name}_mask").bool()
            prune.remove(layer, name)
            if name == "weight" and not isinstance(layer, BinaryLayer):
                layer.register_buffer(PRUNED, mask, persistent=False)


@checked
def to_torch_prune(model: nn.Module) -> nn.Module:
    """Return a copy that holds its masks as ``torch.nn.utils.prune`` does.

    Each layer with zeros (see :func:`leastloss.models.zeros.zeros_of`) gets ``weight_orig`` and
    ``weight_mask``, so that any training loop keeps what is pruned;
    ``torch.nn.utils.prune.remove`` makes it plain again.

    Args:
        model: Any network without binary layers, which hold their masks themselves; it is left as
            it is.

    Raises:
        InputError: If a layer is binary.

    Example:
        >>> import torch
        >>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        >>> with torch.no_grad():
        ...     _ = net[0].weight.fill_(1.0)[0, 1].zero_()
        >>> to_torch_prune(net)[0].weight_mask
        tensor([[1., 0.],
                [1., 1.]])
    """
    copied = own_copy(model)
    layers = weight_layers(copied)
    if any_binary(layers.values()):
        raise InputError("binary layers hold their masks themselves; torch's would not reach them")
    for name, mask in zeros_of(copied).items():
        give_up_masks(layers[name])
        prune.custom_from_mask(layers[name], "weight", mask)
    return copied
