"""Class statistics against NumPy, in one pass or many."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leastloss.errors import InputError
from leastloss.geometry import StatisticsAccumulator, class_statistics


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
    assert found.covariances is not None
    np.testing.assert_allclose(found.covariances, covariances, rtol=1e-12)


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


@settings(deadline=None, max_examples=25)
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
        (torch.zeros(3, 2), torch.zeros(3, 2, dtype=torch.int64), "must be"),
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
