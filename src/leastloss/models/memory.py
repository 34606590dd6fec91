"""Whether there is memory for a network, asked before any of it is filled."""

from collections.abc import Iterable

import torch

_MOST = 2**62  # torch's own message beyond it is not about memory


def check_memory(sizes: Iterable[int]) -> None:
    """Ask for as many float32 values at once as a network's matrices have; nothing is filled.

    Layers are made one after the other: a first one that is merely large would be filled for
    minutes before the next is refused.

    Raises:
        RuntimeError: Of torch, if there is no such memory.

    Example:
        >>> check_memory([64 * 32, 32 * 10])
    """
    torch.empty(min(sum(sizes), _MOST))
