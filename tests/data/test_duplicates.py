import time
import warnings

import pytest
import torch

from leastloss.data import Data, Split, as_data, load_data
from leastloss.data._duplicates import shared_samples


def numbered(start: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.arange(start, stop, dtype=torch.float32)[:, None] + torch.tensor([0.0, 0.5, 0.25])
    return x, torch.arange(start, stop) % 2


def test_what_is_in_two_splits_is_counted_and_told_once():
    with pytest.warns(UserWarning, match="identical inputs") as told:
        data = Data.from_tensors(numbered(0, 30), numbered(25, 40), numbered(20, 50))
    expected = {"val in train": 5, "test in train": 10, "test in val": 15}
    assert data.duplicates == data.summary()["duplicates"] == expected
    (line,) = [str(one.message) for one in told]
    assert "5 of 15 val samples are in train too, 10 of 30 test samples are in train too" in line
    assert "\n" not in line


def test_a_sample_that_is_there_three_times_is_seen_when_one_pair_is_split():
    x, y = numbered(0, 20)
    with pytest.warns(UserWarning, match="identical inputs"):
        data = as_data((torch.cat([x, x, x]), torch.cat([y, y, y])))
    assert sum(data.duplicates.values()) > 0


def test_nothing_is_told_where_nothing_is_shared():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = Data.from_tensors(numbered(0, 30))
        load_data("digits", seed=0)
    assert set(data.duplicates.values()) == {0}


def test_it_is_the_bits_that_count():
    x = torch.tensor([[0.0], [1.0]])
    split = Split(x, torch.arange(2), 2, ())
    nearly = Split(x.nextafter(torch.tensor(2.0)), torch.arange(2), 2, ())
    assert shared_samples(split, nearly, split) == {
        "val in train": 0,
        "test in train": 2,
        "test in val": 0,
    }


def test_sixty_thousand_images_are_compared_in_well_under_a_second():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(60_000, 1, 28, 28, generator=generator)
    y = torch.zeros(60_000, dtype=torch.int64)
    train, rest = Split(x[:50_000], y[:50_000], 2, ()), Split(x[50_000:], y[50_000:], 2, ())
    start = time.process_time()
    found = shared_samples(train, rest, rest)
    assert time.process_time() - start < 1.0
    assert found == {"val in train": 0, "test in train": 0, "test in val": 10_000}
