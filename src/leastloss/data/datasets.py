"""The published data sets: each name and how its images are read."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np

from leastloss.data._files import Source, ensure, read_idx
from leastloss.data.colour_images import read_cifar10, read_cifar10_jpeg, read_gtsrb
from leastloss.data.published import Images, Labelled
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
