"""A caller's own tensors, checked and brought to one type, as three splits.

What is missing is cut from the training part.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.data import _checks
from leastloss.data.imbalance import check_labels, rarest
from leastloss.data.label_maps import fits, has_void, marked, one_hot
from leastloss.data.split import Split
from leastloss.data.splitting import hold_out
from leastloss.errors import InputError

Array = torch.Tensor | NDArray[Any]
Pair = Annotated[tuple[Array, Array], "checked by as_tensors"]


def split_tensors(
    train: Pair,
    val: Pair | None,
    test: Pair | None,
    *,
    classes: int | None,
    minority: Sequence[int] | None,
    seed: int,
) -> tuple[Split, Split, Split]:
    """Return the train, validation and test split; see `Data.from_tensors` for the arguments.

    Raises:
        InputError: If something does not fit together.
    """
    parts = {
        part: as_tensors(pair, part)
        for part, pair in (("train", train), ("val", val), ("test", test))
        if pair is not None or part == "train"
    }
    void = has_void(y for _, y in parts.values())
    parts = {part: (x, marked(y, void=void)) for part, (x, y) in parts.items()}
    _same_scale(train=train, val=val, test=test)
    highest = max(int(y.max()) for _, y in parts.values())
    count = highest + 1 if classes is None else classes
    count = _checks.integer("classes", count, 2)
    if count > parts["train"][1].numel():
        raise InputError(
            f"{count} classes (highest label {highest}) need at least as many training samples; "
            f"there are {parts['train'][1].numel()}"
        )
    labels = () if minority is None else check_labels("minority", minority, count)
    whole = {part: Split(x, y, count, labels) for part, (x, y) in parts.items()}
    _check_all_there(whole["train"])
    rest, fifth = whole["train"], len(whole["train"]) / 5
    for part in ("test", "val"):
        if part not in whole:
            y = rest.strata.cpu().numpy()
            stay, cut = hold_out(y, count, fifth / len(rest), seed, f"split/{part}")
            whole[part], rest = rest.subset(cut), rest.subset(stay)
    _check_all_there(rest)
    if minority is None:
        labels = rarest(rest.counts())
    train_, val_, test_ = (
        replace(split, minority=labels) for split in (rest, whole["val"], whole["test"])
    )
    return train_, val_, test_


def _check_all_there(train: Split) -> None:
    if (missing := np.flatnonzero(train.counts() == 0)).size:
        raise InputError(
            f"class {missing[0]} has no training sample; labels must run 0..{train.classes - 1} "
            "without a gap"
        )


def _same_scale(**parts: Pair | None) -> None:
    """Refuse pixels of which one split would be divided by 255 and another would not."""
    kinds = {
        part: str(pair[0].dtype).removeprefix("torch.")
        for part, pair in parts.items()
        if pair is not None
    }
    if len({kind == "uint8" for kind in kinds.values()}) > 1:
        types = ", ".join(f"{part} {kind}" for part, kind in kinds.items())
        raise InputError(
            f"inputs are of different types ({types}); uint8 is divided by 255 and others are "
            "taken as they are, so give all splits as uint8, or none"
        )


def as_tensors(pair: object, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs as finite float32 and labels as int64.

    Args:
        pair: Inputs (n, ...) and integer labels (n,), or one for each position of a sample, tensors
            or arrays of any real type, byte order and layout, on any device. uint8 inputs are
            divided by 255.
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
    x = _plain(pair[0], f"inputs of {part}", "they must be real numbers")
    y = _plain(pair[1], f"labels of {part}", "they must be integers, one a sample")
    if y.is_floating_point():
        raise InputError(f"labels of {part} are {y.dtype}; they must be integers, one a sample")
    if not fits(tuple(x.shape), tuple(y.shape)) or one_hot(y):
        raise InputError(
            f"{part} has inputs of shape {tuple(x.shape)} and labels of shape {tuple(y.shape)}; "
            "they must be (n, ...) and (n,), labels as class numbers (not one-hot); or one label "
            "for each position, as (n, C, H, W) and (n, H, W)"
        )
    if x.numel() == 0:
        raise InputError(f"{part} is empty; it must hold at least one sample")
    scaled = x.float() / 255 if x.dtype == torch.uint8 else x.float()
    if not bool(scaled.isfinite().all()):
        raise InputError(
            f"inputs of {part} hold NaN or infinite values (as float32); they must be finite"
        )
    return scaled, y.long()


def _plain(array: Array, what: str, wanted: str) -> torch.Tensor:
    """The same numbers as a dense tensor without history, of a type that torch can count with."""
    if isinstance(array, np.ndarray):
        return torch.from_numpy(_native(array, what, wanted))
    if array.is_meta or array.is_quantized or array.is_nested:
        kind = "on no device" if array.is_meta else "quantized" if array.is_quantized else "nested"
        raise InputError(f"{what} are {kind} ({array.dtype}); {wanted}")
    if array.is_complex():
        raise InputError(f"{what} are {array.dtype}; {wanted}")
    dense = array.detach() if array.layout == torch.strided else array.detach().to_dense()
    return dense.as_subclass(torch.Tensor).resolve_neg()


def _native(array: NDArray[Any], what: str, wanted: str) -> NDArray[Any]:
    """The same numbers in the machine's own byte order, one after the other in memory."""
    if array.dtype.kind not in "biuf":
        raise InputError(f"{what} are {array.dtype}; {wanted}")
    if np.ma.is_masked(array):
        raise InputError(f"{what} are masked in places; they must all be there")
    kind = array.dtype.newbyteorder("=")
    if kind.kind == "f" and kind.itemsize > 8:  # no tensor is as long as a long double
        kind = np.dtype(np.float64)
    if kind.kind == "u" and kind.itemsize > 1:  # tensors of these know few operations
        if kind.itemsize == 8 and array.size and array.max() > np.iinfo(np.int64).max:
            raise InputError(f"{what} reach {array.max()}; they must stay below 2^63")
        kind = np.dtype(np.int64)
    if min(array.strides, default=0) < 0:  # also of a single value, which counts as contiguous
        array = array.copy()
    # A copy where the caller's array cannot be written to: torch would warn of it.
    return np.require(array, kind, ["C", "W", "E"])
