"""Class statistics against NumPy, in one pass or many."""

import pytest
import torch
from tests.geometry.cases import sample

from leastloss.errors import InputError
from leastloss.geometry import (
    ClassStatistics,
    PooledAccumulator,
    StatisticsAccumulator,
)


def fields(found: ClassStatistics) -> list[torch.Tensor]:
    """Everything but the class covariances."""
    return [v for k, v in vars(found).items() if isinstance(v, torch.Tensor) and k != "covariances"]


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("shrinkage", [0.0, 7.0])
def test_pooled_sums_say_the_same_as_those_of_each_class(balanced: bool, shrinkage: float) -> None:
    features, labels = sample(n=200, d=7)
    apart = StatisticsAccumulator(3)
    pooled = PooledAccumulator(labels.bincount(), balanced=balanced, shrinkage=shrinkage)
    for accumulator in (apart, pooled):
        for rows, marks in zip(features.split(64), labels.split(64), strict=True):
            accumulator.update(rows, marks)
    expected = apart.result(balanced=balanced, shrinkage=shrinkage)
    for one, other in zip(fields(pooled.result()), fields(expected), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-13)


def test_pooled_sums_hold_one_matrix() -> None:
    accumulator = PooledAccumulator([2] * 50)
    accumulator.update(torch.randn(100, 30), torch.arange(100) % 50)
    held = [v for v in vars(accumulator).values() if isinstance(v, torch.Tensor) and v.ndim == 2]
    assert [tuple(matrix.shape) for matrix in held] == [(30, 30)]


def test_the_classes_must_have_as_many_samples_as_announced() -> None:
    accumulator = PooledAccumulator([2, 1])
    accumulator.update(torch.eye(2), torch.tensor([0, 1]))
    with pytest.raises(InputError, match=r"have \[1, 1\] samples; \[2, 1\] were announced"):
        accumulator.result()
    with pytest.raises(InputError, match="no samples of class 1;"):
        PooledAccumulator([2, 0])
    with pytest.raises(InputError, match="shrinkage is -1"):
        PooledAccumulator([2, 1], shrinkage=-1.0)
