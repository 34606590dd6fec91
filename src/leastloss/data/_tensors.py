"""What a caller hands over as inputs and labels, checked and brought to one type."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.errors import InputError

Array = torch.Tensor | NDArray[Any]
Pair = tuple[Array, Array]


def as_tensors(pair: object, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs as finite float32 and labels as int64.

    Args:
        pair: Inputs (n, ...) and integer labels (n,), tensors or arrays on any device. uint8
            inputs are divided by 255.
        part: Name of the split, for messages.

    Raises:
        InputError: If it is no such pair, is empty, or holds a value that is not finite.

    Example:
        >>> x, y = as_tensors((np.full((2, 3), 255, np.uint8), np.array([0, 1])), "train")
        >>> x.max().item(), y.dtype
        (1.0, torch.int64)
    """
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise InputError(f"{part} must be a pair (inputs, labels)")
    if not all(isinstance(array, torch.Tensor | np.ndarray) for array in pair):
        kinds = " and ".join(type(array).__name__ for array in pair)
        raise InputError(f"{part} holds {kinds}; inputs and labels must be tensors or arrays")
    x, y = (torch.as_tensor(array).detach() for array in pair)
    if y.is_floating_point() or y.is_complex():
        raise InputError(f"labels of {part} are {y.dtype}; they must be integers, one a sample")
    if x.is_complex():
        raise InputError(f"inputs of {part} are {x.dtype}; they must be real numbers")
    if len(x.shape) < 2 or y.ndim != 1 or len(x) != len(y):
        raise InputError(
            f"{part} has inputs of shape {tuple(x.shape)} and labels of shape {tuple(y.shape)}; "
            "they must be (n, ...) and (n,), labels as class numbers (not one-hot)"
        )
    if x.numel() == 0:
        raise InputError(f"{part} is empty; it must hold at least one sample")
    scaled = x.float() / 255 if x.dtype == torch.uint8 else x.float()
    if not bool(scaled.isfinite().all()):
        raise InputError(f"inputs of {part} hold NaN or infinite values; they must be finite")
    return scaled, y.long()
