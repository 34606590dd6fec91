"""Neural collapse metrics against cases worked by hand, and their invariances."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry import (
    COLLAPSE,
    class_distance_variance,
    class_statistics,
    collapse_metrics,
    variability_quotient,
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
    assert list(found) == list(COLLAPSE[:-1])
    assert all(abs(value) < 1e-9 for value in found.values()), found


def test_a_case_worked_by_hand() -> None:
    # Two classes on a line, means -3 and 1, variances 1 and 0; mean of means -1, S_B = 4.
    features = torch.tensor([[-4.0, 0.0], [-2.0, 0.0], [1.0, 0.0]])
    found = collapse_metrics(
        features, torch.tensor([0, 0, 1]), torch.tensor([[-1.0, 0.0], [0.0, 1.0]])
    )
    assert found["nc1"] == pytest.approx(0.5 / 4 / 2)
    assert found["nc1_quotient"] == pytest.approx(0.5 / 4)
    assert found["cdnv"] == pytest.approx(1 / (2 * 16))
    assert found["simplex_distance"] == pytest.approx(0, abs=1e-9)
    assert found["nc2_equinorm"] == pytest.approx(0, abs=1e-12)
    assert found["nc2_equiangular"] == pytest.approx(0, abs=1e-12)
    # W/|W| = [[-1, 0], [0, 1]]/sqrt 2 and M/|M| = [[-1, 0], [1, 0]]/sqrt 2 differ by (1, 1)/sqrt 2.
    assert found["nc3"] == pytest.approx(1.0)
    assert found["nc4"] == 0.0
    # Two centred rows are always opposite.
    assert found["classifier_simplex_distance"] == pytest.approx(0, abs=1e-9)


def test_metrics_equal_their_definitions() -> None:
    features, labels, weight = cloud(5)
    bias = torch.linspace(-1, 1, 4).double()
    found = collapse_metrics(features, labels, weight, bias, minority=(1, 2, 3))
    groups = [features[labels == c] for c in range(4)]
    means = torch.stack([group.mean(0) for group in groups])
    centred = means - means.mean(0)
    within = sum(torch.cov(group.T, correction=0) for group in groups) / 4
    between = sum(torch.outer(m, m) for m in centred) / 4
    variance = [float((g - g.mean(0)).square().sum(1).mean()) for g in groups]
    pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    cosine = [float(torch.cosine_similarity(centred[a], centred[b], dim=0)) for a, b in pairs]
    cdnv = [
        (variance[a] + variance[b]) / 2 / float((means[a] - means[b]).square().sum())
        for a, b in pairs
    ]
    decided = (features @ weight.T + bias).argmax(1)
    nearest = torch.cdist(features, means).argmin(1)
    rare = [torch.cosine_similarity(weight[a], weight[b], dim=0) for a, b in pairs if a > 0]
    inverse = torch.linalg.pinv(between, hermitian=True, rtol=1e-10)
    expected = {
        "nc1": float((within @ inverse).trace()) / 4,
        "nc1_quotient": float(within.trace() / between.trace()),
        "cdnv": sum(cdnv) / 6,
        "nc2_equinorm": float(centred.norm(dim=1).std(correction=0) / centred.norm(dim=1).mean()),
        "nc2_equiangular": sum(abs(value + 1 / 3) for value in cosine) / 6,
        "nc3": float((weight / weight.norm() - centred / centred.norm()).square().sum()),
        "nc4": float(
            torch.stack(
                [(decided != nearest)[labels == c].double().mean() for c in range(4)]
            ).mean()
        ),
        "minority_angle": float(torch.stack(rare).mean()),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    assert 0 < expected["nc4"] < 1


def test_nc1_equals_the_pseudo_inverse_of_the_definition() -> None:
    features, labels, _ = cloud(3)
    found = class_statistics(features, labels)
    inverse = torch.linalg.pinv(found.between, hermitian=True, rtol=1e-10)
    expected = float((found.within @ inverse).trace()) / 4
    assert within_class_variability(found) == pytest.approx(expected, rel=1e-9)


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
    same = class_statistics(torch.full((4, 1), 0.1), labels)
    for metric in (within_class_variability, variability_quotient, class_distance_variance):
        assert metric(apart) == math.inf
        assert math.isnan(metric(same))


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
    with pytest.raises(InputError, match="counts name 3 classes; there are 4"):
        collapse_metrics(features, labels, counts=[1, 2, 3])
    with pytest.raises(InputError, match="features of class 1 are not finite"):
        collapse_metrics(features.where(labels[:, None] != 1, torch.nan), labels)
    with pytest.raises(InputError, match="one-hot"):
        collapse_metrics(features, torch.eye(4)[labels])
    with pytest.raises(InputError, match=r"torch.float32; they must be integers"):
        collapse_metrics(features, labels.float())
    with pytest.raises(InputError, match=r"minority \(-1, 4\) names a class outside 0\.\.3"):
        collapse_metrics(features, labels, weight, minority=(-1, 4))
    with pytest.raises(InputError, match="above 0 and finite"):
        collapse_metrics(features, labels, counts=[1.0, 2.0, math.nan, 3.0])
    with pytest.raises(
        InputError, match=r"features is an ndarray of shape .*; it must be a torch\.Tensor"
    ):
        collapse_metrics(features.numpy(), labels)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.filterwarnings("error")
def test_features_that_say_nothing_give_numbers_or_nan_and_no_error() -> None:
    labels, weight = torch.arange(12) % 3, torch.zeros(3, 2)
    constant = collapse_metrics(torch.full((12, 2), 0.1), labels, weight, minority=(0, 1))
    assert constant.pop("nc4") == 0.0  # both choose the first class
    assert all(math.isnan(value) for value in constant.values()), constant
    one_each = collapse_metrics(torch.eye(3), torch.arange(3))
    assert one_each["nc1"] == one_each["nc1_quotient"] == one_each["cdnv"] == 0.0
    generator = torch.Generator().manual_seed(0)
    wide = collapse_metrics(torch.randn(6, 50, generator=generator), torch.arange(6) % 3)
    assert all(math.isfinite(value) for value in wide.values())


def test_the_bias_decides_whom_the_classifier_takes() -> None:
    # The classifier's border lies at 4 - b, the one between the means at 4.
    features, labels = torch.tensor([[0.0], [3.0], [8.0], [5.0], [9.0]]), [0, 0, 1, 1, 1]
    rows = torch.tensor([[-1.0], [1.0]])
    nc4 = [
        collapse_metrics(features, torch.tensor(labels), rows, torch.tensor([b, -b]))["nc4"]
        for b in (4.4, 2.0, 6.0)
    ]
    assert nc4 == pytest.approx([0, 1 / 4, 1 / 6])


def test_nc4_counts_each_class_once() -> None:
    # Class 0: one of four samples lies nearer to the other mean; class 1: none.
    features = torch.tensor([[0.0], [0.0], [0.0], [8.0], [9.0]])
    constant = torch.tensor([[0.0], [0.0]]), torch.tensor([1.0, 0.0])
    metrics = collapse_metrics(features, torch.tensor([0, 0, 0, 0, 1]), *constant)
    assert metrics["nc4"] == pytest.approx((1 / 4 + 1) / 2)
