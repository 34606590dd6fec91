"""Weights of +1 and of -1 taking turns."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from leastloss.models import Masks, prunable_layers


def negative(model: nn.Module, masks: Masks) -> NDArray[np.int64]:
    """1 for every weight below 0 and 0 for all others, over the concatenation of the layers."""
    layers = prunable_layers(model, list(masks))
    signs = [(layers[name].weight.detach() < 0).flatten().cpu() for name in masks]
    return torch.cat(signs).numpy().astype(np.int64)


def turns(left: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Whose turn each of the next ``k`` removals is, shape (k,).

    The sign with more left begins, then they alternate; when one has none left, the other goes on.

    Args:
        left: How many weights of each sign are left, shape (2,).
        k: How many go, at most all.

    Example:
        >>> turns(np.array([2, 4]), 6).tolist()
        [1, 0, 1, 0, 1, 1]
    """
    first = int(left[1] > left[0])
    paired = 2 * int(min(left))
    alternating = (np.arange(min(k, paired)) + first) % 2
    return np.concatenate([alternating, np.full(max(0, k - paired), first, dtype=np.int64)])


def in_turns(order: NDArray[np.int64], label: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """The first ``k`` of an order of all weights that are left when the signs take turns.

    Args:
        order: All weights that are left, first to go first.
        label: The sign of each of them, 0 or 1.
        k: How many go.

    Example:
        >>> in_turns(np.array([7, 5, 9]), np.array([0, 0, 1]), 3).tolist()
        [7, 9, 5]
    """
    turn = turns(np.bincount(label, minlength=2), k)
    taken = np.empty(k, dtype=np.int64)
    for sign in (0, 1):
        places = turn == sign
        taken[places] = order[label == sign][: places.sum()]
    return taken
