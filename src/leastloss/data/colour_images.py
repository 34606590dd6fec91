"""Data sets of colour images of 32x32 pixels: CIFAR-10 in two forms, and traffic signs."""

from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.JpegImagePlugin import JpegImageFile

from leastloss.data._files import Source, ensure
from leastloss.data.published import Images, Labelled, labelled, read_archive
from leastloss.errors import ResourceError

LOSSLESS = Path("cifar10_lossless") / "cifar10_lossless.npz"
SIDE = 32


def read_cifar10(root: Path, download: bool) -> Images:
    """Read CIFAR-10, 3x32x32: all 50,000 + 10,000 images, or a part that is stored losslessly.

    torchvision's files are read where the folder has them; else ``cifar10_lossless`` where it is
    there; else torchvision's are downloaded. They are pickles: torchvision opens them after their
    MD5 was compared.

    Raises:
        ResourceError: If a file is corrupt, or missing and cannot be downloaded.
    """
    from torchvision.datasets import CIFAR10

    if not (root / CIFAR10.base_folder).is_dir() and (root / LOSSLESS).is_file():
        return _lossless(root / LOSSLESS)
    meta = (CIFAR10.meta["filename"], CIFAR10.meta["md5"])
    files = tuple((name, md5) for name, md5 in (*CIFAR10.train_list, *CIFAR10.test_list, meta))
    source = Source(name="cifar10", torchvision=CIFAR10, folder=CIFAR10.base_folder, files=files)
    ensure(source, root, download=download)
    parts = [CIFAR10(root, train=train) for train in (True, False)]
    train, test = (
        (part.data.transpose(0, 3, 1, 2), np.asarray(part.targets, np.int64)) for part in parts
    )
    return Images(train=train, test=test, title="CIFAR-10", source=_source("all", train, test))


def _lossless(path: Path) -> Images:
    arrays = read_archive(path, "x_train", "y_train", "x_test", "y_test")
    train = labelled(path, arrays["x_train"], arrays["y_train"], 10)
    test = labelled(path, arrays["x_test"], arrays["y_test"], 10)
    return Images(
        train=train, test=test, title="CIFAR-10", source=_source("lossless part", train, test)
    )


def _source(which: str, train: Labelled, test: Labelled) -> str:
    """What was read.

    Example:
        >>> one = np.zeros((2000, 3, 1, 1), np.uint8), np.zeros(2000, np.int64)
        >>> _source("all", one, one)
        'all: 2,000 training and 2,000 test images'
    """
    return f"{which}: {len(train[1]):,} training and {len(test[1]):,} test images"


def read_cifar10_jpeg(root: Path, download: bool) -> Images:
    """Read CIFAR-10 as JPEG, 3x32x32: all 60,000 images, lossy; numbers on it are its own.

    Raises:
        ResourceError: If a file is missing or corrupt.
    """
    paths = [root / "cifar10_jpeg" / f"{part}.npz" for part in ("train", "test")]
    train, test = (
        _decoded(path, path.stat().st_mtime_ns if path.is_file() else 0) for path in paths
    )
    return Images(
        train=train, test=test, title="CIFAR-10 (JPEG)", source=_source("JPEG-coded", train, test)
    )


@lru_cache(maxsize=2)
def _decoded(path: Path, modified: int) -> Labelled:
    """Decode all images of an archive: the bytes of the files end to end, and where each begins.

    They are kept: 60,000 images take seven seconds, and a study loads them for every seed.
    """
    arrays = read_archive(path, "jpeg", "offset", "label")
    coded, offsets = arrays["jpeg"], arrays["offset"]
    _check_offsets(path, coded, offsets)
    images = np.empty((len(offsets) - 1, SIDE, SIDE, 3), np.uint8)
    content = coded.tobytes()
    # Threads would gain nothing: images as small as these are Python's time, not the decoder's.
    for number, (start, end) in enumerate(pairwise(offsets.tolist())):
        try:
            images[number] = np.asarray(JpegImageFile(BytesIO(content[start:end])))
        except (OSError, SyntaxError, ValueError) as error:  # no JPEG, or one of another size
            raise ResourceError(
                f"{path}: image {number} is no JPEG of {SIDE}x{SIDE} pixels; copy the file anew"
            ) from error
    images.setflags(write=False)
    return labelled(path, images.transpose(0, 3, 1, 2), arrays["label"], 10)


def _check_offsets(path: Path, coded: NDArray[Any], offsets: NDArray[Any]) -> None:
    good = coded.dtype == np.uint8 and coded.ndim == 1 and offsets.dtype.kind in "iu"
    if good and offsets.ndim == 1 and len(offsets) > 1:
        edges = offsets.astype(np.int64)
        if edges[0] == 0 and edges[-1] == len(coded) and (np.diff(edges) > 0).all():
            return
    raise ResourceError(
        f"{path} is corrupt or truncated: its offsets do not divide its bytes; copy it anew"
    )


def read_gtsrb(root: Path, download: bool) -> Images:
    """Read 43 German traffic signs, 3x32x32, imbalanced by nature (Stallkamp et al. 2012).

    A third of the training frames and every second test image. A *track* is a film of one sign:
    validation takes whole tracks.

    Raises:
        ResourceError: If a file is missing or corrupt.
    """
    path = root / "gtsrb32" / "gtsrb32_train_third.npz"
    arrays = read_archive(path, "x", "y", "track")
    train, tracks = labelled(path, arrays["x"], arrays["y"], 43), arrays["track"]
    if tracks.dtype.kind not in "iu" or tracks.shape != arrays["y"].shape:
        raise ResourceError(f"{path} does not hold one track for each image; copy it anew")
    path = root / "gtsrb32" / "gtsrb32_test_half.npz"
    arrays = read_archive(path, "x", "y")
    test = labelled(path, arrays["x"], arrays["y"], 43)
    return Images(
        train=train,
        test=test,
        classes=43,
        groups=tracks.astype(np.int64),
        title="GTSRB",
        source=_source("a third of the training frames", train, test),
    )
