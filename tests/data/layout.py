"""The file format and folders of the MNIST family, and what is said of files that do not fit."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from leastloss.data import load_data
from leastloss.errors import ResourceError

KINDS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def idx(array: np.ndarray) -> bytes:
    sizes = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def message(name: str, root: Path, *, download: bool = False) -> str:
    with pytest.raises(ResourceError) as caught:
        load_data(name, data_dir=root, download=download)
    text = str(caught.value)
    assert "\n" not in text
    return text
