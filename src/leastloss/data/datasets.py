"""The published data sets: each name and how its images are read.

Those that an imbalance profile took away are remembered by number, and read again if asked for.
"""

from collections.abc import Callable
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from leastloss.data._files import Source, ensure, read_idx
from leastloss.data.colour_images import read_cifar10, read_cifar10_jpeg, read_gtsrb
from leastloss.data.published import Images, Labelled
from leastloss.data.split import Split
from leastloss.errors import ResourceError


def read_digits(root: Path, download: bool) -> Images:
    """Read scikit-learn's 1,797 images of handwritten digits, 8x8, 0..16; no file is needed.

    Example:
        >>> read_digits(Path(), False).train[0].shape
        (1797, 1, 8, 8)
    """
    images, labels = _digits()
    return Images(train=(images.copy(), labels.copy()), test=None, white=16)


@cache
def _digits() -> Labelled:
    """The same for each call: scikit-learn reads them from a text, number by number."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images.astype(np.uint8)[:, None], bunch.target.astype(np.int64)


def read_mnist_family(root: Path, download: bool, *, name: str, kind: str) -> Images:
    """Read MNIST, Fashion-MNIST or Kuzushiji-MNIST: 60,000 + 10,000 images, 28x28.

    Raises:
        ResourceError: If a file is corrupt, or missing and cannot be downloaded.
    """
    from torchvision import datasets

    dataset = getattr(datasets, kind)
    source = Source(
        name=name, torchvision=dataset, folder=f"{kind}/raw", files=tuple(dataset.resources)
    )
    folder = ensure(source, root, download=download)
    parts: list[Labelled] = []
    for part in ("train", "t10k"):
        images = read_idx(folder / f"{part}-images-idx3-ubyte.gz", 3)
        path = folder / f"{part}-labels-idx1-ubyte.gz"
        labels = read_idx(path, 1)
        if len(labels) != len(images) or not len(labels) or labels.max() > 9:
            raise ResourceError(
                f"{name}: {path} does not hold one label in 0..9 for each image; copy both anew"
            )
        parts.append((images[:, None], labels.astype(np.int64)))
    return Images(train=parts[0], test=parts[1])


DATASETS: dict[str, Callable[[Path, bool], Images]] = {
    "digits": read_digits,
    "mnist": partial(read_mnist_family, name="mnist", kind="MNIST"),
    "fashion-mnist": partial(read_mnist_family, name="fashion-mnist", kind="FashionMNIST"),
    "kmnist": partial(read_mnist_family, name="kmnist", kind="KMNIST"),
    "cifar10": read_cifar10,
    "cifar10-jpeg": read_cifar10_jpeg,
    "gtsrb": read_gtsrb,
}


def read_rows(
    name: str, root: Path, rows: NDArray[np.int64], *, size: int | None, minority: tuple[int, ...]
) -> Split:
    """Read images of a data set's training part, by their numbers in the files, once more.

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
