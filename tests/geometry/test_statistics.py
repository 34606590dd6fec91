"""Class statistics against NumPy, in one pass or many."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leastloss.errors import InputError
from leastloss.geometry import (
    ClassStatistics,
    PooledAccumulator,
    StatisticsAccumulator,
    class_statistics,
    regularised_inverse,
)


def sample(
    n: int = 60, d: int = 4, classes: int = 3, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    labels[: n // 3] = 0  # imbalanced
    shift = torch.randn(classes, d, generator=generator)
    return torch.randn(n, d, generator=generator) + shift[labels], labels


@pytest.mark.parametrize("balanced", [True, False])
def test_equals_the_definition(balanced: bool) -> None:
    features, labels = sample()
    found = class_statistics(features, labels, balanced=balanced, keep_covariances=True)
    groups = [features.double().numpy()[labels.numpy() == c] for c in range(3)]
    counts = np.array([len(group) for group in groups])
    weights = np.full(3, 1 / 3) if balanced else counts / counts.sum()
    means = np.stack([group.mean(0) for group in groups])
    covariances = np.stack([np.cov(group.T, bias=True) for group in groups])
    centred = means - weights @ means
    assert found.counts.tolist() == counts.tolist()
    np.testing.assert_allclose(found.means, means, rtol=1e-12)
    np.testing.assert_allclose(found.mean, weights @ means, rtol=1e-12)
    np.testing.assert_allclose(found.within, np.tensordot(weights, covariances, 1), rtol=1e-12)
    np.testing.assert_allclose(found.between, (centred.T * weights) @ centred, rtol=1e-12)
    np.testing.assert_allclose(found.variances, np.stack([g.var(0) for g in groups]), rtol=1e-12)
    assert found.covariances is not None
    np.testing.assert_allclose(found.covariances, covariances, rtol=1e-12)


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


@pytest.mark.parametrize("balanced", [True, False])
def test_shrinkage_adds_samples_that_scatter_like_the_average_class(balanced: bool) -> None:
    features, labels = sample()
    plain = class_statistics(features, labels, balanced=balanced, keep_covariances=True)
    found = class_statistics(
        features, labels, balanced=balanced, shrinkage=5.0, keep_covariances=True
    )
    assert plain.covariances is not None
    assert found.covariances is not None
    for c, count in enumerate(plain.counts.tolist()):
        expected = (count * plain.covariances[c] + 5 * plain.within) / (count + 5)
        torch.testing.assert_close(found.covariances[c], expected, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(found.variances[c], expected.diagonal(), rtol=1e-12, atol=1e-14)
    average = torch.tensordot(found.weights, found.covariances, 1)
    torch.testing.assert_close(found.within, average, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(found.between, plain.between)


def test_without_imbalance_neither_balance_nor_shrinkage_changes_anything() -> None:
    features, _ = sample()
    labels = torch.arange(60) % 3
    plain = class_statistics(features, labels)
    for other in (
        class_statistics(features, labels, balanced=False),
        class_statistics(features, labels, shrinkage=9.0),
    ):
        torch.testing.assert_close(other.within, plain.within, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(other.between, plain.between, rtol=1e-12, atol=1e-14)


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


def test_more_features_than_samples_and_features_that_are_constant() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(8, 20, generator=generator)
    features[:, 3], features[:, 4] = 0.1, 0.0
    found = class_statistics(features, torch.arange(8) % 2)
    assert found.within[3].abs().max() == 0
    assert found.within[4].abs().max() == 0
    assert torch.linalg.matrix_rank(found.within, hermitian=True) == 6
    assert regularised_inverse(found.within).isfinite().all()


def test_sample_weighted_scatters_add_up_to_the_total_covariance() -> None:
    features, labels = sample()
    found = class_statistics(features, labels, balanced=False)
    total = np.cov(features.double().numpy().T, bias=True)
    np.testing.assert_allclose(found.within + found.between, total, rtol=1e-10)


def test_balanced_statistics_do_not_change_when_a_class_is_repeated() -> None:
    features, labels = sample()
    rare = labels == 2
    more = torch.cat([features, features[rare], features[rare]])
    again = class_statistics(more, torch.cat([labels, labels[rare], labels[rare]]))
    once = class_statistics(features, labels)
    torch.testing.assert_close(again.within, once.within)
    torch.testing.assert_close(again.between, once.between)


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 60), max_size=6), seed=st.integers(0, 99))
def test_batches_give_what_one_pass_gives(cuts: list[int], seed: int) -> None:
    features, labels = sample(seed=seed)
    accumulator = StatisticsAccumulator(classes=3)
    edges = [0, *sorted(cuts), 60]
    for start, stop in pairwise(edges):
        accumulator.update(features[start:stop], labels[start:stop])
    whole, parts = class_statistics(features, labels), accumulator.result()
    torch.testing.assert_close(parts.within, whole.within, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(parts.between, whole.between, rtol=1e-12, atol=1e-14)


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


def test_only_the_classes_that_occur_unless_their_number_is_given() -> None:
    features, labels = torch.zeros(2, 1), torch.tensor([1, 4])
    assert class_statistics(features, labels).classes.tolist() == [1, 4]
    with pytest.raises(InputError, match="no samples of class 0, 2, 3;"):
        class_statistics(features, labels, classes=5)


def test_one_sample_per_class_has_no_scatter() -> None:
    found = class_statistics(torch.eye(3), torch.arange(3))
    assert found.within.abs().max() == 0


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
