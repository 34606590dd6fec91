"""Maps of labels, one a pixel or other position: the rows that they count, and those they do not.

A position whose label is missing counts nowhere. Its label is torch's own ``ignore_index``, so that
torch's losses leave it out as well.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss.errors import InputError

IGNORED = -100
"""What a position without a label has: ``ignore_index`` of torch's losses."""

_VOID = 255  # of data sets whose maps are 8-bit images, as Cityscapes and Pascal VOC


def is_map(y: Tensor) -> bool:
    """Whether labels are maps, (n, L) or (n, H, W), and not one a sample, (n,)."""
    return y.ndim > 1


def has_void(labels: Iterable[Tensor | NDArray[Any]]) -> bool:
    """Whether 255 stands for no label on the maps of a data set: not where there are classes above.

    Example:
        >>> has_void([torch.tensor([[0, 255]])]), has_void([torch.tensor([[0, 255, 256]])])
        (True, False)
    """
    return all(y.max() <= _VOID for y in labels)


def marked(y: Tensor, *, void: bool = True) -> Tensor:
    """Maps of labels with ``IGNORED`` for every label that is negative or, if it is void, 255.

    Labels of samples, shape (n,), stay as they are.

    Example:
        >>> marked(torch.tensor([[0, 255], [-1, 1]])).tolist()
        [[0, -100], [-100, 1]]
    """
    if not is_map(y):
        return y
    missing = y < 0
    return y.masked_fill(missing | (y == _VOID) if void else missing, IGNORED)


def fits(x_shape: tuple[int, ...], y_shape: tuple[int, ...]) -> bool:
    """Whether labels are one a sample, or one for each position of samples of such a shape.

    Positions are the last dimensions of a sample, or those before its channels, and never one of
    the two dimensions of an image. A column is none.

    Example:
        >>> fits((9, 3, 8, 8), (9, 8, 8)), fits((9, 8), (9, 8)), fits((9, 3, 8, 8), (9, 8, 4))
        (True, True, False)
        >>> fits((9, 3, 8, 8), (9, 3)), fits((9, 1, 8), (9, 1))
        (False, False)
    """
    if not y_shape or len(x_shape) < 2 or x_shape[0] != y_shape[0]:
        return False
    places = y_shape[1:]
    size = len(places)
    if len(y_shape) == len(x_shape) >= 4 and y_shape[1] == 1:  # a channel of the labels' own
        return False
    if size == 1 and (len(x_shape) > 3 or places == (1,)):
        return False
    return not size or places in (x_shape[1:][-size:], x_shape[1 : 1 + size])


def one_hot(y: Tensor | NDArray[Any]) -> bool:
    """Whether labels, (n, ...), could be one-hot ones of samples.

    Example:
        >>> one_hot(torch.eye(3)), one_hot(torch.ones(3, 3))
        (True, False)
    """
    return y.ndim == 2 and bool(((y == 0) | (y == 1)).all() and ((y == 1).sum(1) == 1).all())


def counts_on(labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Labelled positions of each class, shape (classes,).

    Raises:
        InputError: If a class has none.
    """
    counts = np.bincount(labels[labels >= 0], minlength=classes)
    if (missing := np.flatnonzero(counts == 0)).size:
        raise InputError(
            f"class {missing[0]} is on no training sample of this split; give training and test "
            "samples apart, with every class among the first, or try another seed"
        )
    return counts


def drawn_by(labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """As :func:`strata`, of arrays."""
    if labels.ndim == 1:
        return labels
    counts = torch.from_numpy(np.bincount(labels[labels >= 0], minlength=classes))
    return strata(torch.from_numpy(labels), counts).numpy()


def at_labels(values: Tensor, y: Tensor) -> Tensor:
    """What a map has at each labelled position, (m, K); nearest where the two differ in size.

    Args:
        values: Shape (n, K, ...), of as many dimensions as the labels' maps, as hidden features.
        y: Labels, (n, ...).

    Example:
        >>> at_labels(torch.tensor([[[1.0, 2.0]]]), torch.tensor([[0, 1, IGNORED, 1]])).tolist()
        [[1.0], [1.0], [2.0]]
    """
    where = (y >= 0).nonzero().to(values.device)
    index = [where[:, 0]]
    for at, size, wanted in zip(where.T[1:], values.shape[2:], y.shape[1:], strict=True):
        index.append(at * size // wanted)
    return values.movedim(1, -1)[tuple(index)]


def read_at(values: Tensor, y: Tensor, *, channels_last: bool) -> Tensor | None:
    """What a layer reads at each labelled position, (m, K); of samples without places, of these.

    Places may be in one row where the labels' maps have several, as tokens of an image.

    Args:
        values: Inputs of the layer, (n, K), (n, K, ...), or (n, ..., K) with channels last.
        y: Labels, (n, ...).
        channels_last: As a Linear layer has them.

    Returns:
        None if the places that the layer reads are not those of the labels.

    Example:
        >>> y = torch.tensor([[0, 1], [IGNORED, 1]])
        >>> read_at(torch.tensor([[5.0], [6.0]]), y, channels_last=True).tolist()
        [[5.0], [5.0], [6.0]]
    """
    if values.ndim == 2:
        return values[owners(y).to(values.device)]
    if channels_last:
        values = values.movedim(-1, 1)
    if values.ndim != y.ndim + 1:
        values, y = values.flatten(2), y.flatten(1)
        if values.shape[2:] != y.shape[1:]:
            return None
    return at_labels(values, y)


def owners(y: Tensor) -> Tensor:
    """The number of the sample that each label of maps is of, (m,).

    Example:
        >>> owners(torch.tensor([[1, IGNORED], [0, 1]])).tolist()
        [0, 1, 1]
    """
    return (y >= 0).nonzero()[:, 0]


def apart(y: Tensor, where: Tensor) -> Tensor:
    """Maps of one label each, (m, ...).

    Args:
        y: Labels, (n, ...).
        where: Indices of the labels, as ``nonzero`` gives them, (m, dimensions of y).

    Example:
        >>> y = torch.tensor([[1, IGNORED], [0, 1]])
        >>> apart(y, (y >= 0).nonzero()).tolist()
        [[1, -100], [0, -100], [-100, 1]]
    """
    maps = y.new_full((len(where), *y.shape[1:]), IGNORED)
    maps[(torch.arange(len(where), device=y.device), *where.T[1:])] = y[tuple(where.T)]
    return maps


def drawn(y: Tensor, classes: int, most: int, generator: torch.Generator) -> Tensor:
    """Maps on which at most so many positions of each class keep their label.

    Example:
        >>> y = torch.tensor([[0, 0, 0, 1]])
        >>> (drawn(y, 2, 1, torch.Generator()) >= 0).sum().item()
        2
    """
    flat, kept = y.flatten(), torch.full_like(y, IGNORED).flatten()
    for label in range(classes):
        places = (flat == label).nonzero().squeeze(1)
        if len(places) > most:
            places = places[torch.randperm(len(places), generator=generator)[:most].to(y.device)]
        kept[places] = label
    return kept.view_as(y)


def labelled(values: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The rows that labels count, and these labels.

    Args:
        values: What there is for each position, (n, K, ...), as logits; or for each sample, (n, K).
        y: Labels, (n, ...) or (n,).

    Returns:
        Shapes (m, K) and (m,), m the number of positions that have a label; with labels of samples
        both as they are.

    Raises:
        InputError: If there is not one row of values for each label.

    Example:
        >>> logits = torch.arange(8.0).reshape(1, 2, 2, 2)  # two classes, 2 x 2 pixels
        >>> labelled(logits, torch.tensor([[[0, IGNORED], [1, 1]]]))[0].tolist()
        [[0.0, 4.0], [2.0, 6.0], [3.0, 7.0]]
    """
    if values.shape[:1] + values.shape[2:] != y.shape:
        wanted = ", ".join([str(len(y)), "classes", *map(str, y.shape[1:])])
        raise InputError(
            f"the network gives {tuple(values.shape)} and the labels have shape {tuple(y.shape)}; "
            f"for such labels it must return logits of shape ({wanted})"
        )
    if not is_map(y):
        return values, y
    return at_labels(values, y), y[y >= 0]


def strata(y: Tensor, counts: Tensor) -> Tensor:
    """The class that a sample is drawn by, (n,): its label, or the rarest class on its map.

    Args:
        y: Labels, (n, ...) or (n,).
        counts: Positions of each class, shape (C,).

    Example:
        >>> maps = torch.tensor([[0, 0], [0, 1], [0, 2], [1, IGNORED]])
        >>> strata(maps, torch.tensor([4, 2, 1])).tolist()
        [0, 1, 2, 1]
    """
    if not is_map(y):
        return y
    order = counts.to(y.device).argsort(descending=True, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=y.device)
    ranks = torch.where(y < 0, -1, rank[y.clamp(min=0)])
    return order[ranks.flatten(1).amax(dim=1)]
