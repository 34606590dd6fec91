"""Copies of networks, so that what a user gives is left as it is."""

import copy

from torch import nn

from leastloss.errors import InputError


def own_copy(model: nn.Module) -> nn.Module:
    """Copy a network with all that it holds.

    Raises:
        InputError: If it holds tensors that are computed from others, which torch does not copy:
            weights masked by ``torch.nn.utils.prune``, or results that a forward pass has kept.

    Example:
        >>> layer = nn.Linear(2, 2)
        >>> own_copy(layer).weight is layer.weight
        False
    """
    try:
        return copy.deepcopy(model)
    except RuntimeError as error:
        if "deepcopy" not in str(error):
            raise
        owners = [
            name or type(model).__name__
            for name, module in model.named_modules()
            if any(not getattr(value, "is_leaf", True) for value in vars(module).values())
        ]
        where = f"module {owners[0]!r}" if owners else "the network"
        raise InputError(
            f"{where} holds a tensor that is computed from others, and so cannot be copied; make a "
            "masked weight plain by torch.nn.utils.prune.remove, and detach results that are kept"
        ) from error
