"""The training images that an imbalance profile took away: remembered by number, read if asked."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from leastloss.data.datasets import DATASETS
from leastloss.data.split import Split


class Withheld:
    """A split that is made when it is first looked at, and kept from then on.

    Args:
        make: Makes it.

    Example:
        >>> withheld = Withheld(lambda: Split(torch.zeros(3, 1), torch.tensor([0, 1, 1]), 2, ()))
        >>> len(withheld.split)
        3
    """

    def __init__(self, make: Callable[[], Split]) -> None:
        self._make = make

    @cached_property
    def split(self) -> Split:
        """The split itself."""
        return self._make()


def read_rows(
    name: str,
    root: Path,
    rows: NDArray[np.int64],
    *,
    size: int | None,
    minority: tuple[int, ...],
) -> Split:
    """Read some images of a data set's training part from its files once more.

    Args:
        name: One of `DATASETS`.
        root: The data folder.
        rows: Numbers of the images, in the order of the files.
        size: Resize to size x size pixels; None leaves them as they are.
        minority: Labels of the minority group.

    Raises:
        ResourceError: If a file has gone or changed since.
    """
    raw = DATASETS[name](root, False)
    images, labels = raw.train
    x = unit_range(images[rows], raw.white, size)
    return Split(x, torch.tensor(labels[rows]), raw.classes, minority)


def unit_range(pixels: NDArray[np.uint8], white: int, size: int | None) -> torch.Tensor:
    """Pixels (n, C, H, W) of 0..white as float32 in [0, 1], resized to size x size if asked to."""
    x = torch.tensor(pixels).float() / white
    if size is None or x.shape[-2:] == (size, size):
        return x
    small = interpolate(x, size=(size, size), mode="bilinear", antialias=True)
    return small.clamp(0, 1)
