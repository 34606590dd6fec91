"""Neural collapse metrics against cases worked by hand, and their invariances."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry import (
    class_distance_variance,
    class_statistics,
    collapse_metrics,
    within_class_variability,
)


def simplex(classes: int, d: int, seed: int = 0) -> Tensor:
    """Vertices (C, d) of a regular simplex around the origin, turned at random."""
    vertices = torch.eye(classes, dtype=torch.float64) - 1 / classes
    return vertices @ rotation(max(classes, d), seed)[:classes, :d]


def rotation(d: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(d, d, dtype=torch.float64, generator=generator))[0]


def cloud(seed: int, classes: int = 4, d: int = 6, n: int = 48) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    means = 2 * torch.randn(classes, d, dtype=torch.float64, generator=generator)
    noise = torch.randn(n, d, dtype=torch.float64, generator=generator)
    return means[labels] + noise, labels, means


@pytest.mark.parametrize(("classes", "d"), [(2, 2), (4, 7), (10, 10)])
def test_an_exact_simplex_has_collapsed(classes: int, d: int) -> None:
    means = simplex(classes, d)
    labels = torch.arange(3 * classes) % classes
    found = collapse_metrics(means[labels] + 5, labels, 3 * means, -15 * means.sum(dim=1))
    assert all(abs(value) < 1e-9 for value in found.values()), found


def test_a_case_worked_by_hand() -> None:
    # Two classes on a line, means -3 and 1, variances 1 and 0; mean of means -1, S_B = 4.
    features = torch.tensor([[-4.0, 0.0], [-2.0, 0.0], [1.0, 0.0]])
    found = collapse_metrics(
        features, torch.tensor([0, 0, 1]), torch.tensor([[-1.0, 0.0], [0.0, 1.0]])
    )
    assert found["nc1"] == pytest.approx(0.5 / 4 / 2)
    assert found["cdnv"] == pytest.approx(1 / (2 * 16))
    assert found["nc2_equinorm"] == pytest.approx(0, abs=1e-12)
    assert found["nc2_equiangular"] == pytest.approx(0, abs=1e-12)
    # W/|W| = [[-1, 0], [0, 1]]/sqrt 2 and M/|M| = [[-1, 0], [1, 0]]/sqrt 2 differ by (1, 1)/sqrt 2.
    assert found["nc3"] == pytest.approx(1.0)
    assert found["nc4"] == 0.0


def test_nc1_equals_the_pseudo_inverse_of_the_definition() -> None:
    features, labels, _ = cloud(3)
    found = class_statistics(features, labels)
    inverse = torch.linalg.pinv(found.between, hermitian=True, rtol=1e-10)
    expected = float((found.within @ inverse).trace()) / 4
    assert within_class_variability(found) == pytest.approx(expected, rel=1e-9)


def test_nc4_counts_each_class_once() -> None:
    # Class 0: one of four samples lies nearer to the other mean; class 1: none.
    features = torch.tensor([[0.0], [0.0], [0.0], [8.0], [9.0]])
    constant = torch.tensor([[0.0], [0.0]]), torch.tensor([1.0, 0.0])
    found = collapse_metrics(features, torch.tensor([0, 0, 0, 0, 1]), *constant)
    assert found["nc4"] == pytest.approx((1 / 4 + 1) / 2)


def test_minority_rows_that_coincide_have_angle_one() -> None:
    features, labels, means = cloud(0)
    rows = means.clone()
    rows[3] = 2 * rows[2]
    found = collapse_metrics(features, labels, rows, minority=(2, 3))
    assert found["minority_angle"] == pytest.approx(1.0)
    assert "minority_angle" not in collapse_metrics(features, labels, rows, minority=(3,))


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    scale=st.floats(1e-3, 1e3),
    shift=st.floats(-10, 10),
)
def test_turning_scaling_and_shifting_change_nothing(seed: int, scale: float, shift: float) -> None:
    features, labels, weight = cloud(seed)
    turn = rotation(6, seed + 1)
    before = collapse_metrics(features, labels, weight, minority=(0, 1))
    after = collapse_metrics(
        scale * features @ turn + shift,
        labels,
        weight @ turn / scale,
        -shift * (weight @ turn).sum(dim=1) / scale,
        minority=(0, 1),
    )
    assert after == pytest.approx(before, rel=1e-7, abs=1e-9)


def test_means_that_coincide_and_samples_that_coincide() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    apart = class_statistics(torch.tensor([[0.0], [2.0], [0.0], [2.0]]), labels)
    assert within_class_variability(apart) == math.inf
    assert math.isnan(within_class_variability(class_statistics(torch.ones(4, 1), labels)))


def test_bad_input_is_named() -> None:
    features, labels, weight = cloud(0)
    with pytest.raises(InputError, match="only one class"):
        collapse_metrics(features, torch.zeros_like(labels))
    with pytest.raises(InputError, match=r"for 6 features they must be"):
        collapse_metrics(features, labels, weight[:, :5])
    with pytest.raises(InputError, match=r"for 6 features they must be"):
        collapse_metrics(features, labels, weight, torch.zeros(5))
    with pytest.raises(InputError, match="not finite"):
        collapse_metrics(features, labels, weight * torch.nan)
    with pytest.raises(InputError, match="no samples of class 4"):
        collapse_metrics(features, labels, torch.zeros(5, 6))
    with pytest.raises(InputError, match="keep_covariances"):
        class_distance_variance(class_statistics(features, labels))
