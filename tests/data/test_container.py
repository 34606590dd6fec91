import json

import numpy as np
import pytest
import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    WeightedRandomSampler,
    get_worker_info,
)

from leastloss.data import Data, Split, as_data, load_data
from leastloss.errors import InputError


def pair(n: int = 50, classes: int = 5, features: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.arange(n * features, dtype=torch.float32).reshape(n, features) / (n * features)
    return x, torch.arange(n) % classes


def rows(*splits: Split) -> list[list[float]]:
    return sorted(torch.cat([split.x for split in splits]).tolist())


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


def test_a_minority_can_be_named():
    assert Data.from_tensors(pair(), minority=[4, 1]).minority == (1, 4)


def test_arrays_and_bytes_are_taken_too():
    x = np.full((20, 1, 2, 2), 255, np.uint8)
    data = Data.from_tensors((x, np.arange(20, dtype=np.int16) % 2))
    assert data.train.x.max() == 1
    assert data.train.y.dtype == torch.int64


def test_a_custom_recipe_does_not_load_something_else():
    data = Data.from_tensors(pair(), name="mnist")
    with pytest.raises(InputError, match="unknown data set 'tensors:mnist'"):
        load_data(**data.recipe)


def test_the_summary_is_json():
    summary = Data.from_tensors(pair()).summary()
    assert json.loads(json.dumps(summary)) == summary
    assert summary["train"]["counts"] == [6] * 5
    assert len(summary["test"]["digest"]) == 64


X, Y = pair(20, 2)


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


def test_splits_of_different_kind_are_no_data():
    data = Data.from_tensors(pair())
    other = Split(data.test.x, data.test.y, 5, (3,))
    with pytest.raises(InputError, match="same classes and the same minority"):
        Data("x", data.train, data.val, other, {})


def test_data_is_returned_as_it_is():
    data = Data.from_tensors(pair())
    assert as_data(data) is data


def test_a_loader_is_gathered_whole():
    data = as_data(DataLoader(TensorDataset(*pair()), batch_size=7))
    assert data.train.digest() == Data.from_tensors(pair()).train.digest()


def test_a_shuffling_loader_gives_the_same_split_and_leaves_the_global_generator_alone():
    loader = DataLoader(TensorDataset(*pair()), batch_size=7, shuffle=True, drop_last=True)
    before = torch.get_rng_state()
    data = as_data(loader)
    assert torch.equal(before, torch.get_rng_state())
    assert data.train.digest() == as_data(pair()).train.digest()


def test_a_sampler_of_its_own_is_respected():
    dataset = TensorDataset(*pair())
    weights = torch.zeros(50)
    weights[:10] = 1
    sampler = WeightedRandomSampler(weights, 40, generator=torch.Generator().manual_seed(0))
    data = as_data(DataLoader(dataset, batch_size=8, sampler=sampler))
    assert max(rows(data.train, data.val, data.test)) <= pair()[0][9].tolist()


def test_a_sample_drawn_twice_is_in_one_split_only():
    dataset = TensorDataset(*pair())
    sampler = WeightedRandomSampler(torch.ones(50), 200, generator=torch.Generator().manual_seed(0))
    data = as_data(DataLoader(dataset, batch_size=8, sampler=sampler, drop_last=True))
    found = rows(data.train, data.val, data.test)
    assert len({tuple(row) for row in found}) == len(found)


class Pictures(Dataset):
    def __init__(self, item):
        self.item = item

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return self.item(index)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (lambda i: {"x": torch.zeros(3), "y": 0}, "must yield pairs"),
        (lambda i: torch.zeros(3), "must yield pairs"),
        (lambda i: (torch.zeros(3), 0, 1), "must yield pairs"),
        (lambda i: (torch.zeros(3 + i // 5), 0), "differ in sample shape"),
    ],
)
def test_loaders_that_do_not_fit(item, words):
    with pytest.raises(InputError, match=words):
        as_data(DataLoader(Pictures(item), batch_size=5))


class Walk(IterableDataset):
    """Gives all samples, or with ``shares`` each worker its share."""

    def __init__(self, shares):
        self.shares = shares

    def __iter__(self):
        worker = get_worker_info()
        start, step = (worker.id, worker.num_workers) if worker and self.shares else (0, 1)
        x, y = pair()
        return zip(x[start::step], y[start::step], strict=True)


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_data_set_that_is_walked_through_is_read_once_whatever_the_workers(shares, workers):
    loader = DataLoader(Walk(shares), batch_size=7, num_workers=workers, drop_last=True)
    data = as_data(loader)
    assert data.train.digest() == as_data(pair()).train.digest()
    assert set(data.duplicates.values()) == {0}


class Batches(Dataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        x, y = pair()
        return x[10 * index : 10 * index + 10], y[10 * index : 10 * index + 10]


def test_a_data_set_of_batches_is_read_once_whatever_its_sampler_draws():
    loader = DataLoader(Batches(), batch_size=None, sampler=[4, 0, 1, 1, torch.tensor(2), 3, 0])
    assert as_data(loader).train.digest() == as_data(pair()).train.digest()


@pytest.mark.parametrize("thing", ["digits", None, (X, Y, X), 3])
def test_things_that_are_no_data(thing):
    with pytest.raises(InputError, match="it must be Data, a pair"):
        as_data(thing)
