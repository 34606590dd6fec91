"""The published data sets; what imbalance takes away is remembered, and read only if asked for."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from leastloss.data import Data, load_data
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


def rows(x: torch.Tensor) -> list[tuple[float, ...]]:
    return sorted(map(tuple, x.flatten(1).tolist()))


@pytest.mark.parametrize(
    "options",
    [
        {"imbalance": "exp", "ratio": 20},
        {"imbalance": "named", "rare": (1, 2), "share": 0.1, "size": 10},
        {"imbalance": "step", "ratio": 5, "subset": 0.5, "replicate": 1, "seed": 4},
    ],
)
def test_training_and_withheld_images_are_all_there_was(options: dict[str, object]) -> None:
    plain = {key: options[key] for key in ("size", "subset", "replicate", "seed") if key in options}
    data, whole = load_data(**options), load_data(**plain)
    assert data.withheld is not None
    cut = data.withheld.split
    assert rows(torch.cat([data.train.x, cut.x])) == rows(whole.train.x)
    assert (data.train.counts() + cut.counts()).tolist() == whole.train.counts().tolist()
    assert (cut.classes, cut.minority) == (data.classes, data.minority)
    assert cut.x.dtype == torch.float32


def test_without_imbalance_nothing_is_withheld() -> None:
    assert load_data().withheld is None
    assert Data.from_tensors((torch.rand(20, 3), torch.arange(20) % 2)).withheld is None


def test_images_are_read_once_and_only_when_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    read, calls = DATASETS["digits"], []
    monkeypatch.setitem(DATASETS, "digits", lambda *given: calls.append(given) or read(*given))
    data = load_data(imbalance="exp")
    assert len(calls) == 1
    assert data.withheld is not None
    assert data.withheld.split is data.withheld.split
    assert len(calls) == 2
    assert calls[1][1] is False, "no download on the way"


def test_data_that_withholds_can_be_sent_to_another_process() -> None:
    data = load_data(imbalance="exp")
    again = pickle.loads(pickle.dumps(data))
    assert len(pickle.dumps(data.withheld)) < 20_000  # numbers of rows, no images
    assert again.withheld.split.digest() == data.withheld.split.digest()


def test_the_summary_does_not_tell_of_it() -> None:
    assert set(load_data(imbalance="exp").summary()) == {
        "name", "shape", "classes", "minority", "duplicates", "train", "val", "test",
    }  # fmt: skip
