"""The exact change of NC1 against computing NC1 again without the feature."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leastloss.geometry import (
    ClassStatistics,
    class_statistics,
    nc1_change,
    restricted,
    within_class_variability,
)


def statistics(
    seed: int, d: int = 7, classes: int = 4, n: int = 40, *, balanced: bool = True
) -> ClassStatistics:
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.arange(n) ** 2) % classes if not balanced else torch.arange(n) % classes
    labels[:classes] = torch.arange(classes)
    features = torch.randn(n, d, dtype=torch.float64, generator=generator)
    features += torch.randn(classes, d, dtype=torch.float64, generator=generator)[labels]
    return class_statistics(features, labels, balanced=balanced)


def nc1(found: ClassStatistics) -> float:
    """By its definition, with the pseudo-inverse."""
    inverse = torch.linalg.pinv(found.between, rtol=1e-10, hermitian=True)
    return float((found.within @ inverse).trace()) / len(found.means)


def without(found: ClassStatistics, unit: int) -> ClassStatistics:
    size = found.means.shape[1]
    return restricted(found, torch.tensor([j for j in range(size) if j != unit]))


@pytest.mark.parametrize("balanced", [True, False])
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), d=st.integers(4, 9))
def test_change_equals_computing_nc1_again(balanced: bool, seed: int, d: int) -> None:
    found = statistics(seed, d, balanced=balanced)
    expected = [nc1(without(found, j)) - nc1(found) for j in range(d)]
    scale = max(abs(change) for change in expected)
    np.testing.assert_allclose(nc1_change(found), expected, rtol=1e-6, atol=1e-9 * scale)


def test_the_formula_as_it_is_written() -> None:
    found = statistics(1)
    m = found.centred_means().T  # (d, C)
    inverse = torch.linalg.pinv(m.T @ m, rtol=1e-10, hermitian=True)
    for j, change in enumerate(nc1_change(found)):
        u = inverse @ m[j]
        kappa = 1 / (1 - m[j] @ u)
        gap = torch.eye(7, dtype=torch.float64)[j] - m @ u
        expected = kappa**2 * (u @ u) * (gap @ found.within @ gap)
        expected -= 2 * kappa * (gap @ found.within @ m @ inverse @ u)
        assert float(change) == pytest.approx(float(expected), rel=1e-8)


def test_it_agrees_with_the_metric() -> None:
    found = statistics(2)
    change = within_class_variability(without(found, 3)) - within_class_variability(found)
    assert float(nc1_change(found)[3]) == pytest.approx(change, rel=1e-8)


def test_a_feature_that_alone_carries_a_direction_has_no_finite_change() -> None:
    # Feature 0 alone separates class 0; features 1 and 2 both separate classes 1 and 2.
    means = torch.tensor([[4.0, 0, 0], [0, 1, 1], [0, -1, -1]])
    features = torch.cat([means + 0.1 * torch.eye(3)[j] * s for j in range(3) for s in (-1, 1)])
    change = nc1_change(class_statistics(features, torch.arange(18) % 3))
    assert torch.isinf(change).tolist() == [True, False, False]
    assert change[0] > 0
    assert (change[1:] > 0).all()


def test_fewer_features_than_classes_have_no_finite_change() -> None:
    assert torch.isinf(nc1_change(statistics(0, d=3, classes=5))).all()


def test_means_that_coincide_and_dead_features_change_nothing() -> None:
    same = class_statistics(torch.tensor([[0.0], [2.0], [0.0], [2.0]]), torch.tensor([0, 0, 1, 1]))
    assert within_class_variability(same) == math.inf
    assert nc1_change(same).tolist() == [0.0]
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(30, 6, generator=generator) + torch.arange(30)[:, None] % 3
    features[:, 2] = 1.5
    change = nc1_change(class_statistics(features, torch.arange(30) % 3))
    assert change[2] == 0
    assert torch.isfinite(change).all()


def test_more_features_than_samples_and_no_scatter_are_finite() -> None:
    found = statistics(4, d=30, n=9)
    expected = [nc1(without(found, j)) - nc1(found) for j in range(30)]
    np.testing.assert_allclose(nc1_change(found), expected, rtol=1e-6, atol=1e-9)
    single = class_statistics(torch.randn(4, 9, generator=torch.Generator().manual_seed(0)),
                              torch.arange(4))  # fmt: skip
    assert (nc1_change(single) == 0).all()
