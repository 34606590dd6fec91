"""Data that a user's function returns: arrays, tensors, loaders, or `Data`."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from leastloss.data.as_data import gather
from leastloss.data.container import Data
from leastloss.data.own.arrays import from_arrays
from leastloss.data.published import Images
from leastloss.errors import InputError
from leastloss.named_functions import called, named_function

_BATCH = 256
_PARTS = ("train", "val", "test")
_RETURNS = (
    "a Data, a pair (inputs, labels) of arrays or tensors, a DataLoader or Dataset of such pairs, "
    "or three of these: training, validation and test"
)


def read_function(name: str, size: int | None, seed: int) -> Images:
    """Call ``module:function`` and take what it returns.

    Of its parameters, ``size`` and ``seed`` get their values. Images are resized to size x size,
    unless it is None.

    Raises:
        InputError: If there is no such function, it fails, or returns something else.
    """
    result = called(name, named_function("dataset", name), size=size, seed=seed)
    if isinstance(result, Data):
        every = {part: getattr(result, part) for part in _PARTS}
        pairs = {part: (split.x.numpy(), split.y.numpy()) for part, split in every.items()}
        images = from_arrays(pairs, size=size, names=result.class_names)
        return replace(images, minority=result.minority)
    if isinstance(result, tuple | list) and len(result) == len(_PARTS):
        return from_arrays(
            {part: _pair(name, each) for part, each in zip(_PARTS, result, strict=True)}, size=size
        )
    return from_arrays({"train": _pair(name, result)}, size=size)


def _pair(name: str, value: object) -> tuple[NDArray[Any], NDArray[Any]]:
    if isinstance(value, Dataset):
        value = DataLoader(value, batch_size=_BATCH)
    if isinstance(value, DataLoader):
        value = gather(value)
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise InputError(f"{name} returned {_kind(value)}; it must return {_RETURNS}")
    x, y = (_array(part) for part in value)
    if x is None or y is None:
        raise InputError(
            f"{name} returned a pair of {_kind(value[0])} and {_kind(value[1])}; it must return "
            f"{_RETURNS}"
        )
    return x, y


def _array(value: object) -> NDArray[Any] | None:
    if isinstance(value, torch.Tensor):
        plain = value.detach().cpu()
        return (plain.float() if plain.is_floating_point() else plain).numpy()
    if isinstance(value, list):  # of labels
        value = np.array(value)
    return value if isinstance(value, np.ndarray) else None


def _kind(value: object) -> str:
    return f"{len(value)} things" if isinstance(value, tuple | list) else type(value).__name__
