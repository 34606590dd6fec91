"""The simplex and SELI as references, against the definitions and the numbers of the paper."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry import collapse_metrics, gram_distance, seli_grams, simplex_gram


def encoded(counts: list[int]) -> tuple[Tensor, Tensor]:
    """SELI by its definition: from the singular value decomposition of the encoded labels."""
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    code = torch.nn.functional.one_hot(labels, len(counts)).T.double() - 1 / len(counts)
    left, values, right = torch.linalg.svd(code, full_matrices=False)
    values = values.where(values > 1e-9, 0)
    rows = left @ torch.diag(values) @ left.T
    samples = right.T @ torch.diag(values) @ right
    firsts = [int((labels == c).nonzero()[0]) for c in range(len(counts))]
    means = samples[firsts][:, firsts]
    return rows / rows.norm(), means / means.norm()


@pytest.mark.parametrize("counts", [[3, 3], [5, 1], [40, 10, 10, 3], [20] * 3 + [1] * 3])
def test_seli_is_the_geometry_of_encoded_labels(counts: list[int]) -> None:
    for found, expected in zip(seli_grams(counts), encoded(counts), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10)


def test_five_common_and_five_rare_classes_at_ratio_100() -> None:
    rows, means = seli_grams([100] * 5 + [1] * 5)
    norms = rows.diagonal().sqrt()
    assert float(norms[0] / norms[9]) == pytest.approx(2.40, abs=0.005)
    assert float(rows[8, 9] / rows[9, 9]) == pytest.approx(0.338, abs=5e-4)
    assert float(rows[0, 1] / rows[0, 0]) < -1 / 9
    assert float(means[9, 9].sqrt() / means[0, 0].sqrt()) == pytest.approx(2.94, abs=0.005)
    assert float(means[8, 9] / means[9, 9]) < -1 / 9


@settings(deadline=None, max_examples=30)
@given(counts=st.lists(st.integers(1, 500), min_size=2, max_size=9), times=st.integers(2, 9))
def test_seli_depends_on_ratios_and_its_two_matrices_are_inverse(
    counts: list[int], times: int
) -> None:
    rows, means = seli_grams(counts)
    more = seli_grams([times * count for count in counts])
    torch.testing.assert_close(more[0], rows, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(more[1], means, rtol=1e-7, atol=1e-9)
    product = rows @ means
    centring = torch.eye(len(counts), dtype=torch.float64) - 1 / len(counts)
    scale = product.trace() / (len(counts) - 1)
    torch.testing.assert_close(product / scale, centring, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("classes", [2, 5, 10])
def test_without_imbalance_seli_is_the_simplex(classes: int) -> None:
    for found in seli_grams([7] * classes):
        torch.testing.assert_close(found, simplex_gram(classes), rtol=1e-10, atol=1e-12)


def from_gram(gram: Tensor) -> Tensor:
    """Vectors (C, C) with these inner products."""
    values, vectors = torch.linalg.eigh(gram)
    return vectors * values.clamp(min=0).sqrt()


def test_features_and_classifier_at_seli_are_known_as_such() -> None:
    counts = [30, 9, 3, 1]
    rows, means = (from_gram(gram) for gram in seli_grams(counts))
    labels = torch.repeat_interleave(torch.arange(4), torch.tensor(counts))
    found = collapse_metrics(4 * means[labels] + 2, labels, rows)
    assert found["seli_distance"] == pytest.approx(0, abs=1e-7)
    assert found["classifier_seli_distance"] == pytest.approx(0, abs=1e-7)
    assert found["simplex_distance"] > 0.1
    assert found["classifier_simplex_distance"] > 0.1
    # A subset of the samples keeps the reference of what was trained on.
    few = collapse_metrics(means, torch.arange(4), rows, counts=counts)
    assert few["seli_distance"] == pytest.approx(0, abs=1e-7)
    assert collapse_metrics(means, torch.arange(4), rows)["seli_distance"] > 0.1


def test_distances_worked_by_hand() -> None:
    # Three points on a line at -1, 0 and 1: G = [[1, 0, -1], [0, 0, 0], [-1, 0, 1]] / 2, and its
    # inner product with the simplex's is 1 / sqrt 2.
    line = torch.tensor([[-1.0], [0.0], [1.0]])
    expected = math.sqrt(2 - math.sqrt(2))
    assert gram_distance(line, simplex_gram(3)) == pytest.approx(expected)
    assert gram_distance(1e-200 * line.double() + 0, simplex_gram(3)) == pytest.approx(expected)
    assert math.isnan(gram_distance(torch.full((3, 2), 0.1), simplex_gram(3)))


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match="at least 2 vertices; 1 was given"):
        simplex_gram(1)
    with pytest.raises(InputError, match="each above 0"):
        seli_grams([4, 0])
    with pytest.raises(InputError, match="at least two classes"):
        seli_grams([4])
    with pytest.raises(InputError, match="3 vectors and a reference of 4"):
        gram_distance(torch.eye(3), simplex_gram(4))
