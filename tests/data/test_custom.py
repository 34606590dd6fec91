"""A caller's own tensors as three splits."""

import pytest
import torch
from tests.data.cases import X, Y, pair, rows

from leastloss.data import Data
from leastloss.errors import InputError


def test_one_pair_is_split_60_20_20_and_nothing_is_lost():
    data = Data.from_tensors(pair())
    assert [len(split) for split in (data.train, data.val, data.test)] == [30, 10, 10]
    assert rows(data.train, data.val, data.test) == sorted(pair()[0].tolist())
    assert data.train.counts().tolist() == [6] * 5
    assert (data.name, data.classes, data.shape, data.features) == ("custom", 5, (4,), 4)


def test_given_splits_stay_as_they_are():
    data = Data.from_tensors(pair(), val=pair(10), test=pair(15))
    assert torch.equal(data.train.x, pair()[0])
    assert (len(data.val), len(data.test)) == (10, 15)


def test_only_the_missing_split_is_cut_from_train():
    data = Data.from_tensors(pair(), test=pair(15))
    assert [len(split) for split in (data.train, data.val, data.test)] == [40, 10, 15]


def test_every_class_keeps_a_training_sample():
    y = torch.tensor([0] * 30 + [1] * 4 + [2])
    data = Data.from_tensors((torch.zeros(35, 2), y))
    assert data.train.counts().min() >= 1
    assert data.minority == (2,)


def test_the_split_follows_the_seed():
    digests = [Data.from_tensors(pair(), seed=seed).train.digest() for seed in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("train", "options", "words"),
    [
        ((X[:10], Y), {}, r"inputs of shape \(10, 4\) and labels of shape \(20,\)"),
        ((X, Y.float()), {}, "labels of train are torch.float32; they must be integers"),
        ((X, torch.nn.functional.one_hot(Y)), {}, "must be .n, .... and .n,."),
        ((X[:0], Y[:0]), {}, "train is empty"),
        ((X / 0, Y), {}, "hold NaN or infinite values"),
        ((X.where(X > 0, torch.inf), Y), {}, "hold NaN or infinite values"),
        ((X, Y), {"classes": 1}, "classes is 1; it must be an integer >= 2"),
        ((X, Y + 1), {}, "class 0 has no training sample"),
        ((X, Y), {"classes": 3}, "class 2 has no training sample"),
        ((X, Y * 10**12), {}, "need at least as many training samples"),
        ((X, Y - 1), {"classes": 2}, r"label -1 is outside the classes 0\.\.1"),
        ((X, Y), {"test": (X, Y * 5), "classes": 2}, r"label 5 is outside the classes 0\.\.1"),
        ((X, Y), {"test": (X[:, :2], Y)}, "must be the same"),
        ((X, Y), {"val": (X[:0], Y[:0])}, "val is empty"),
        ((X, Y), {"minority": [2]}, r"a class in minority is 2; it must be an integer in 0\.\.1"),
        ((X, Y), {"minority": []}, "at least one class"),
        ((X[:2], Y[:2]), {}, "too few to hold out"),
        ((X.tolist(), Y), {}, "train holds list and Tensor; .* tensors or arrays"),
        (X, {}, "train must be a pair"),
        ((X.to(torch.complex64), Y), {}, "must be real numbers"),
    ],
)
def test_tensors_that_do_not_fit(train, options, words):
    with pytest.raises(InputError, match=words) as caught:
        Data.from_tensors(train, **options)
    assert "\n" not in str(caught.value)
