"""What class sums are refused for, and how many digits they keep."""

import pytest
import torch
from tests.geometry.cases import sample

from leastloss.errors import InputError
from leastloss.geometry import (
    StatisticsAccumulator,
    class_statistics,
)


@pytest.mark.parametrize("offset", [1e6, 1e9])
def test_a_large_offset_costs_no_digits(offset: float) -> None:
    features, labels = sample()
    # Multiples of 1/1024 stay exact next to the offset, so that the answer must not change.
    exact = (features.double() * 1024).round() / 1024
    accumulator = StatisticsAccumulator()
    for start in range(0, 60, 7):
        accumulator.update(exact[start : start + 7] + offset, labels[start : start + 7])
    plain, moved = class_statistics(exact, labels), accumulator.result()
    torch.testing.assert_close(moved.within, plain.within, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(moved.between, plain.between, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (torch.zeros(3), torch.zeros(3, dtype=torch.int64), "must be"),
        (torch.zeros(3, 0), torch.zeros(3, dtype=torch.int64), "at least 1"),
        (torch.zeros(3, 2), torch.zeros(4, dtype=torch.int64), "must be"),
        (torch.zeros(3, 2), torch.eye(3), "one-hot perhaps"),
        (torch.zeros(3, 2), torch.zeros(3, 1, 1, dtype=torch.int64), "must be"),
        (torch.zeros(3, 2), torch.zeros(3), "integers"),
        (torch.zeros(3, 2), torch.tensor([0, 1, -1]), "at least 0"),
        (torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64), "no samples of any class"),
        (torch.tensor([[0.0], [torch.nan]]), torch.tensor([0, 1]), "class 1 are not finite"),
        (torch.tensor([[torch.inf], [0.0]]), torch.tensor([0, 1]), "class 0 are not finite"),
    ],
)
def test_bad_input_is_named(features: torch.Tensor, labels: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        class_statistics(features, labels)


def test_batches_must_agree_on_the_number_of_features() -> None:
    accumulator = StatisticsAccumulator(classes=1)
    accumulator.update(torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64))
    with pytest.raises(InputError, match="2 features; there were 3"):
        accumulator.update(torch.zeros(2, 2), torch.zeros(2, dtype=torch.int64))
    with pytest.raises(InputError, match=r"in 0\.\.0"):
        accumulator.update(torch.zeros(2, 3), torch.tensor([0, 1]))
