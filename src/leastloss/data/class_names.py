"""Labels of any kind as class numbers 0..C-1, and the names of the classes."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.data.label_maps import IGNORED, has_void, marked
from leastloss.errors import InputError, shown

Labels: TypeAlias = NDArray[Any]
LONGEST = 40
"""Characters of a name; what is longer is cut."""

MOST = 1000
"""Most classes: a column with more is hardly one of classes."""

_FEW = 20  # classes that any number of samples may have


def plain_text(text: object) -> str:
    r"""A name in one line, without control or invisible characters, cut where it is long.

    Example:
        >>> plain_text("large\n \x1b[31mred")
        'large [31mred'
    """
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in str(text))
    line = " ".join(kept.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def as_texts(labels: Labels) -> Labels:
    """Labels, of which bytes become texts: they are UTF-8.

    Raises:
        InputError: If bytes are not UTF-8.

    Example:
        >>> as_texts(np.array([b"cat"])), as_texts(np.array([1]))
        (array(['cat'], dtype='<U3'), array([1]))
    """
    if labels.dtype.kind != "S":
        return labels
    try:
        return np.char.decode(labels, "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"labels are bytes and not UTF-8: {shown(error.object)}") from error


def numbered_labels(
    parts: Mapping[str, Labels], names: Sequence[object] = ()
) -> tuple[dict[str, NDArray[np.int64]], tuple[str, ...], int]:
    """Number the classes.

    Args:
        parts: Split -> its labels, shape (n,), or maps of one label for each position, (n, ...):
            integers, truth values or texts (bytes are UTF-8); ``train`` first. On maps,
            integers below 0 and 255 stand for no label; 255 not where there are labels above it.
        names: Names of the classes 0..C-1, where the labels are such numbers.

    Returns:
        Split -> class numbers, int64 of the same shape, -100 for no label; the names of the
        classes, empty where the labels are the numbers 0..C-1 and have none; and the number of
        classes. Texts are numbered in the order of their letters, and numbers by size.

    Raises:
        InputError: If the labels are of another type, there are fewer than two classes or hardly
            any sample shares its class, or a class has no training sample.

    Example:
        >>> numbered_labels({"train": np.array(["no", "yes", "no"])})
        ({'train': array([0, 1, 0])}, ('no', 'yes'), 2)
    """
    plain = {part: _plain(part, labels) for part, labels in parts.items()}
    void = has_void(labels for labels in plain.values() if labels.dtype.kind in "iu")
    known = {part: _known(labels, void=void) for part, labels in plain.items()}
    every = np.concatenate([labels[known[part]] for part, labels in plain.items()])
    if not len(every):
        raise InputError("no position has a label")
    values = np.unique(every)
    if len(values) < 2:
        raise InputError(
            f"all {len(every)} labels are {shown(values[0].item())}; there must be two classes"
        )
    if len(values) > min(MOST, max(_FEW, len(every) // 2)):
        raise InputError(
            f"{len(every)} samples have {len(values)} different labels, like "
            f"{shown(values[0].item())}; labels must be classes that samples share"
        )
    trained = np.unique(plain["train"][known["train"]])
    if len(trained) < len(values):
        missing = np.setdiff1d(values, trained)[0].item()
        raise InputError(f"class {shown(missing)} has no training sample")
    numbers = {
        part: np.where(known[part], np.searchsorted(values, labels), IGNORED)
        for part, labels in plain.items()
    }
    counted = every.dtype.kind in "iu" and np.array_equal(values, np.arange(len(values)))
    if len(names) and not (counted and len(names) == len(values)):
        raise InputError(
            f"{len(names)} names of classes and {len(values)} classes, {shown(values[0].item())} "
            f"to {shown(values[-1].item())}; names need labels 0..{len(names) - 1}"
        )
    named = () if counted and not len(names) else told_apart(names if len(names) else values)
    return {part: n.astype(np.int64) for part, n in numbers.items()}, named, len(values)


def _plain(part: str, labels: Labels) -> Labels:
    if labels.ndim == 0 or labels.size == 0:
        raise InputError(
            f"labels of {part} have the shape {labels.shape}; they must be (n,), one a sample, or "
            "one for each position"
        )
    labels = as_texts(labels)
    whole = labels.dtype.kind == "f" and np.isfinite(labels).all()
    if whole and np.array_equal(labels, np.round(labels)):
        labels = labels.astype(np.int64)  # what a table makes of integers in places
    if labels.dtype.kind not in "iubU":
        raise InputError(
            f"labels of {part} are {labels.dtype}; they must be integers, truth values or texts"
        )
    return labels


def _known(labels: Labels, *, void: bool) -> NDArray[np.bool_]:
    if labels.ndim == 1 or labels.dtype.kind not in "iu":
        return np.ones(labels.shape, dtype=bool)
    maps = marked(torch.from_numpy(labels.astype(np.int64)), void=void)
    known: NDArray[np.bool_] = (maps != IGNORED).numpy()
    return known


def told_apart(values: Iterable[object]) -> tuple[str, ...]:
    r"""Names in one line each, that differ also where the values do so in what is not seen.

    Example:
        >>> told_apart(["cat", "cat\x00", ""])
        ('cat', 'cat (2)', '(empty)')
    """
    taken: dict[str, int] = {}
    names = []
    for value in values:
        name = plain_text(value) or "(empty)"
        taken[name] = taken.get(name, 0) + 1
        names.append(name if taken[name] == 1 else f"{name} ({taken[name]})")
    return tuple(names)
