"""Class statistics in batches against their definition."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.geometry.cases import sample

from leastloss.errors import InputError
from leastloss.geometry import (
    StatisticsAccumulator,
    class_statistics,
    regularised_inverse,
)


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


def test_only_the_classes_that_occur_unless_their_number_is_given() -> None:
    features, labels = torch.zeros(2, 1), torch.tensor([1, 4])
    assert class_statistics(features, labels).classes.tolist() == [1, 4]
    with pytest.raises(InputError, match="no samples of class 0, 2, 3;"):
        class_statistics(features, labels, classes=5)


def test_one_sample_per_class_has_no_scatter() -> None:
    found = class_statistics(torch.eye(3), torch.arange(3))
    assert found.within.abs().max() == 0
