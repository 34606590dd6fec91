from pathlib import Path

import numpy as np

from leastloss.data.datasets import DATASETS, read_digits


def test_every_name_has_a_reader_and_colour_sets_are_among_them():
    assert list(DATASETS) == [
        *("digits", "mnist", "fashion-mnist", "kmnist", "cifar10", "cifar10-jpeg", "gtsrb")
    ]


def test_digits_are_bytes_up_to_16():
    raw = read_digits(Path(), False)
    images, labels = raw.train
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    assert (images.max(), raw.white, raw.test, raw.groups) == (16, 16, None, None)


def test_digits_are_parsed_once_and_each_caller_has_its_own(monkeypatch):
    first = read_digits(Path(), False).train
    wanted = [part.copy() for part in first]
    monkeypatch.setattr("sklearn.datasets.load_digits", None)
    for part in first:
        part[:] = 0
    for part, same in zip(read_digits(Path(), False).train, wanted, strict=True):
        np.testing.assert_array_equal(part, same)


def test_the_mnist_family_is_read_by_name(mnist_like):
    name, root = mnist_like
    raw = DATASETS[name](root, False)
    assert raw.train[0].shape == (400, 1, 28, 28)
    assert raw.test is not None
    assert raw.test[1].shape == (100,)
