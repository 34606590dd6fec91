"""A user's inputs and labels as arrays: checked, labels numbered, images brought to one form.

They are held in memory: what would not fit is refused before anything is unpacked.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from leastloss.data.class_names import numbered_labels
from leastloss.data.label_maps import fits, one_hot
from leastloss.data.published import Images, Labelled
from leastloss.errors import InputError, ResourceError

_CHANNELS = (1, 3, 4)


def machine_memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def check_memory(what: str, size: int) -> None:
    """Refuse what takes more bytes, once it is unpacked, than the machine has memory.

    Raises:
        ResourceError: If it does; it says ``what`` was read.

    Example:
        >>> check_memory("small.npz", 1_000)
    """
    memory = machine_memory()
    if size > memory:
        raise ResourceError(
            f"{what} would take {size / 2**30:,.0f} GiB of memory once it is unpacked, and this "
            f"machine has {memory / 2**30:,.0f}; it was not opened"
        )


def from_arrays(
    parts: Mapping[str, tuple[NDArray[Any], NDArray[Any]]],
    *,
    size: int | None,
    names: Sequence[object] = (),
) -> Images:
    """Inputs and labels of one, two or three splits.

    Args:
        parts: ``train``, and perhaps ``val`` and ``test`` -> inputs (n, ...) of real numbers and
            labels (n,), or one for each position, (n, ...). uint8 inputs are pixels: they are
            divided by 255, and may come without channels, (n, H, W), or with channels last.
        size: What images (n, C, H, W) are resized to, unless it is None.
        names: Names of the classes, where labels are 0..C-1.

    Raises:
        InputError: If something does not fit together.
    """
    inputs = {part: _inputs(part, x, len(y)) for part, (x, y) in parts.items()}
    shapes = {part: x.shape[1:] for part, x in inputs.items()}
    kinds = {part: x.dtype == np.uint8 for part, x in inputs.items()}
    if len({*shapes.values()}) > 1 or len({*kinds.values()}) > 1:
        words = ", ".join(f"{part} {x.dtype} {x.shape}" for part, x in inputs.items())
        raise InputError(f"inputs of the splits differ in shape or type: {words}")
    (shape, *_), (pixels, *_) = shapes.values(), kinds.values()
    if size is not None and not (len(shape) == 3 and shape[0] in _CHANNELS):
        raise InputError(f"size resizes images, and samples have the shape {shape}")
    for part, (_, y) in parts.items():
        if not fits(inputs[part].shape, y.shape) or one_hot(y):
            raise InputError(
                f"labels of {part} have the shape {y.shape} and inputs {inputs[part].shape}; they "
                "must be (n,), one a sample as class numbers or names (not one-hot), or one for "
                "each position, as (n, H, W)"
            )
        if y.ndim > 1 and size is not None:
            raise InputError("size resizes images and not the maps of their labels; leave it out")
    labels, class_names, classes = numbered_labels({p: y for p, (_, y) in parts.items()}, names)
    labelled: dict[str, Labelled] = {part: (inputs[part], labels[part]) for part in parts}
    return Images(
        train=labelled["train"],
        val=labelled.get("val"),
        test=labelled.get("test"),
        classes=classes,
        class_names=class_names,
        fit=None if pixels else lambda _: partial(_floats, size=size),
    )


def _floats(x: NDArray[Any], size: int | None) -> torch.Tensor:
    """The numbers as they are, float32, resized if asked to."""
    floats = torch.from_numpy(np.array(x, dtype=np.float32))  # of any byte order and width
    if size is None or floats.shape[-2:] == (size, size):
        return floats
    return interpolate(floats, size=(size, size), mode="bilinear", antialias=True)


def _inputs(part: str, x: NDArray[Any], labels: int) -> NDArray[Any]:
    if x.dtype.kind not in "biuf":
        raise InputError(f"inputs of {part} are {x.dtype}; they must be real numbers")
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim < 2 or len(x) != labels or x.size == 0:
        raise InputError(
            f"{part} has inputs of shape {x.shape} and {labels} labels; there must be one for each "
            "sample, and at least one sample"
        )
    with np.errstate(over="ignore"):
        finite = x.dtype.kind != "f" or np.isfinite(x.astype(np.float32)).all()
    if not finite:
        raise InputError(
            f"inputs of {part} hold NaN or infinite values (as float32); they must be finite"
        )
    if x.dtype == np.uint8 and x.ndim == 3:
        return x[:, None]
    if x.dtype == np.uint8 and x.ndim == 4 and x.shape[1] not in _CHANNELS:
        return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if x.shape[3] in _CHANNELS else x
    return x if x.dtype.kind == "f" or x.dtype == np.uint8 else x.astype(np.float64)
