"""Whatever a caller has, as a data set."""

import pytest
import torch
from tests.data.cases import X, Y, pair, rows
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    WeightedRandomSampler,
    get_worker_info,
)

from leastloss.data import Data, as_data
from leastloss.errors import InputError


class Pictures(Dataset):
    def __init__(self, item):
        self.item = item

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return self.item(index)


class Walk(IterableDataset):
    """Gives all samples, or with ``shares`` each worker its share."""

    def __init__(self, shares):
        self.shares = shares

    def __iter__(self):
        worker = get_worker_info()
        start, step = (worker.id, worker.num_workers) if worker and self.shares else (0, 1)
        x, y = pair()
        return zip(x[start::step], y[start::step], strict=True)


class Batches(Dataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        x, y = pair()
        return x[10 * index : 10 * index + 10], y[10 * index : 10 * index + 10]


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


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("make", [list, tuple])
def test_texts_as_labels(make, encoded):
    x, y = pair()
    names = ["e", "dé", "c", "b", "a"]
    labels = [names[label].encode() if encoded else names[label] for label in y]

    def batch(samples):
        return torch.stack([row for row, _ in samples]), make(label for _, label in samples)

    pairs = list(zip(x, labels, strict=True))
    for collate in (batch, None):
        data = as_data(DataLoader(pairs, batch_size=7, shuffle=True, collate_fn=collate))
        assert data.class_names == ("a", "b", "c", "dé", "e")
        assert data.train.digest() == as_data((x, 4 - y)).train.digest()


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (lambda i: {"x": torch.zeros(3), "y": 0}, "must yield pairs"),
        (lambda i: torch.zeros(3), "must yield pairs"),
        (lambda i: (torch.zeros(3), 0, 1), "must yield pairs"),
        (lambda i: (torch.zeros(3 + i // 5), 0), "differ in sample shape"),
        (lambda i: (torch.zeros(3), "a" if i < 5 else b"a"), "all 10 labels are 'a'"),
        (lambda i: (torch.zeros(3), "a" if i < 5 else 0), "texts in some batches only"),
        (lambda i: (torch.zeros(3), ["a", "b"]), "must yield pairs"),
    ],
)
def test_loaders_that_do_not_fit(item, words):
    with pytest.raises(InputError, match=words):
        as_data(DataLoader(Pictures(item), batch_size=5))


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_data_set_that_is_walked_through_is_read_once_whatever_the_workers(shares, workers):
    loader = DataLoader(Walk(shares), batch_size=7, num_workers=workers, drop_last=True)
    data = as_data(loader)
    assert data.train.digest() == as_data(pair()).train.digest()
    assert set(data.duplicates.values()) == {0}


def test_a_data_set_of_batches_is_read_once_whatever_its_sampler_draws():
    loader = DataLoader(Batches(), batch_size=None, sampler=[4, 0, 1, 1, torch.tensor(2), 3, 0])
    assert as_data(loader).train.digest() == as_data(pair()).train.digest()


@pytest.mark.parametrize("thing", ["digits", None, (X, Y, X), 3])
def test_things_that_are_no_data(thing):
    with pytest.raises(InputError, match="it must be Data, a pair"):
        as_data(thing)
