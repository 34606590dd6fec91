from pathlib import Path

import numpy as np
import pytest

from leastloss.data.published import labelled, read_archive
from leastloss.errors import ResourceError


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("unpickled",)


def test_nothing_is_unpickled(tmp_path):
    path = tmp_path / "trap.npz"
    np.savez(path, x=np.array([Trap()], dtype=object))
    with pytest.raises(ResourceError, match=r"trap.npz is corrupt or truncated .*allow_pickle"):
        read_archive(path, "x")


def test_an_array_that_is_not_there(tmp_path):
    path = tmp_path / "one.npz"
    np.savez(path, x=np.zeros(2))
    with pytest.raises(ResourceError, match=r"one.npz is corrupt or truncated .*'?y"):
        read_archive(path, "x", "y")


def test_labels_become_int64():
    images = np.zeros((2, 3, 4, 4), np.uint8)
    got, labels = labelled(Path("a.npz"), images, np.array([0, 1], np.uint8), 2)
    assert got is images
    assert labels.dtype == np.int64


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (np.zeros((2, 4, 4), np.uint8), np.zeros(2, int), r"shape \(2, 4, 4\)"),
        (np.zeros((2, 3, 4, 4)), np.zeros(2, int), "float64"),
        (np.zeros((2, 3, 4, 4), np.uint8), np.zeros(2), "must be uint8"),
        (np.zeros((2, 3, 4, 4), np.uint8), np.array([0, -1]), r"label outside 0\.\.1"),
        (np.zeros((0, 3, 4, 4), np.uint8), np.zeros(0, int), r"shape \(0, 3, 4, 4\)"),
    ],
)
def test_what_is_no_set_of_images(images, labels, words):
    with pytest.raises(ResourceError, match=words):
        labelled(Path("a.npz"), images, labels, 2)
