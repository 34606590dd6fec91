"""Images and labels as they were published, and the archives that hold them."""

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from leastloss.errors import ResourceError

Labelled: TypeAlias = tuple[NDArray[Any], NDArray[np.int64]]
Prepare: TypeAlias = Callable[[NDArray[Any]], Tensor]


@dataclass(frozen=True, kw_only=True)
class Images:
    """Images, or other samples, and their labels as they were published.

    Attributes:
        train: Images, uint8 (n, C, H, W), or what ``fit`` prepares; and labels, int64 (n,), or maps
            of them, (n, ...).
        test: The official test set, or None where there is none.
        white: Value of a fully lit pixel.
        classes: Number of classes.
        groups: What each training image is a frame of, int64 (n,), as a film of one sign: frames
            of one group are never parted between training and validation. None: each is its own.
        title: What figures and pages call the data set; empty: its name.
        source: Which of several possible files were read; empty where there is one kind only.
        val: A validation set that came with them, or None where it is cut from ``train``.
        class_names: What the classes are called; empty: by their numbers.
        fit: Learns from the training samples how samples become float32 inputs, as the means of a
            table's columns; None: they are pixels of 0..``white``.
        minority: Labels of the minority group; empty: the rarest third of the classes.
    """

    train: Labelled
    test: Labelled | None
    white: int = 255
    classes: int = 10
    groups: NDArray[np.int64] | None = None
    title: str = ""
    source: str = ""
    val: Labelled | None = None
    class_names: tuple[str, ...] = ()
    fit: Callable[[NDArray[Any]], Prepare] | None = None
    minority: tuple[int, ...] = ()


def read_archive(path: Path, *names: str) -> dict[str, NDArray[Any]]:
    """Read arrays of an ``.npz`` file; nothing is unpickled.

    Raises:
        ResourceError: If the file is missing or damaged, or one of the arrays is not in it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(path := Path(folder) / "one.npz", y=np.arange(3))
        ...     read_archive(path, "y")["y"].tolist()
        [0, 1, 2]
    """
    if not path.is_file():
        raise ResourceError(
            f"{path} is missing; put it there or set LEASTLOSS_DATA to a folder that has it"
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in names}
    except (
        *(OSError, ValueError, LookupError, EOFError, TypeError, AttributeError),
        *(zipfile.BadZipFile, zlib.error),
    ) as error:
        reason = " ".join(str(error).split())[:120]
        raise ResourceError(f"{path} is corrupt or truncated ({reason}); copy it anew") from error


def labelled(path: Path, images: NDArray[Any], labels: NDArray[Any], classes: int) -> Labelled:
    """Images and their labels from an archive, if they are images of three colours that fit.

    Raises:
        ResourceError: If they do not.
    """
    good = images.dtype == np.uint8 and images.ndim == 4 and images.shape[1] == 3 and len(images)
    if not good or labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
        raise ResourceError(
            f"{path} holds images of shape {images.shape} ({images.dtype}) and labels of shape "
            f"{labels.shape} ({labels.dtype}); they must be uint8 (n, 3, height, width) and "
            "integers (n,): copy it anew"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ResourceError(f"{path} has a label outside 0..{classes - 1}; copy it anew")
    return images, labels.astype(np.int64)
