from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leastloss.errors import InputError
from leastloss.evaluation import calibration_error


def logits(*confidences):
    """Two classes, the first with each confidence."""
    p = np.array(confidences)
    return np.log(np.stack([p, 1 - p], axis=1))


def test_by_hand():
    # Bins of width 1/15: 0.79 lies in (11/15, 12/15], 0.81 and 0.85 in (12/15, 13/15], 1 in the
    # last. Right less confidence, summed by bin: 1 - 0.79, 1 - 1.66, 0 - 1.
    found = calibration_error(logits(0.79, 0.81, 0.85, 1 - 1e-12), np.array([0, 0, 1, 1]))
    assert found == pytest.approx((0.21 + 0.66 + 1.0) / 4)


def test_errors_within_a_bin_cancel_and_between_bins_they_do_not():
    confident, right = logits(0.75, 0.75, 0.75, 0.75), np.array([0, 0, 0, 1])
    assert calibration_error(confident, right) == pytest.approx(0.0, abs=1e-12)
    two = logits(0.6, 0.9)
    assert calibration_error(two, np.array([1, 0])) == pytest.approx((0.6 + 0.1) / 2)
    assert calibration_error(two, np.array([1, 0]), bins=1) == pytest.approx(0.25)


def test_a_confidence_on_the_border_belongs_to_the_lower_bin():
    # Of two bins, (0, 1/2] and (1/2, 1]: even odds lie in the lower, alone.
    found = calibration_error(np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([1, 0]), bins=2)
    sure = 1 / (1 + np.exp(-3))
    assert found == pytest.approx((0.5 + 1 - sure) / 2)


def guo(probabilities, labels, bins=15):
    """The loop over bins of Guo et al.'s own code."""
    confidences, predictions = probabilities.max(1), probabilities.argmax(1)
    edges, error = np.linspace(0, 1, bins + 1), 0.0
    for low, high in pairwise(edges):
        own = (confidences > low) & (confidences <= high)
        if own.any():
            gap = (predictions[own] == labels[own]).mean() - confidences[own].mean()
            error += abs(gap) * own.mean()
    return error


@given(arrays(np.float64, (30, 4), elements=st.floats(-8, 8)), st.integers(0, 99))
def test_is_that_of_the_paper(values, seed):
    labels = np.random.default_rng(seed).integers(0, 4, 30)
    values += np.random.default_rng(seed).normal(0, 1e-3, values.shape)  # no confidence on a border
    found = calibration_error(torch.from_numpy(values), labels)
    assert found == pytest.approx(guo(torch.from_numpy(values).softmax(1).numpy(), labels))
    assert 0 <= found <= 1


@pytest.mark.parametrize(
    ("values", "labels", "options", "message"),
    [
        (np.zeros((2, 3)), np.zeros(3, int), {}, "they must be"),
        (np.zeros((0, 3)), np.zeros(0, int), {}, "they must be"),
        (np.zeros(3), np.zeros(3, int), {}, "they must be"),
        (np.full((1, 2), np.nan), np.zeros(1, int), {}, "NaN or infinite"),
        (np.zeros((1, 2)), np.zeros(1, int), {"bins": 0}, "bins is 0"),
    ],
)
def test_bad_input(values, labels, options, message):
    with pytest.raises(InputError, match=message):
        calibration_error(values, labels, **options)
