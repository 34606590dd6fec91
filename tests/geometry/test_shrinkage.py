"""Small classes that are drawn towards the average scatter."""

import pytest
import torch
from tests.geometry.cases import sample

from leastloss.geometry import (
    class_statistics,
)


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
