from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from leastloss.errors import InputError
from leastloss.evaluation import calibration_error, classification_metrics
from leastloss.evaluation.metrics import confusion

CLASSES = 6
labels = st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=60)


@settings(max_examples=60)
@given(y=labels, seed=st.integers(0, 2**32 - 1), keep=st.floats(0, 1))
def test_equal_to_scikit_learn(y, seed, keep):
    y = np.array(y)
    rng = np.random.default_rng(seed)
    guess = np.where(rng.random(len(y)) < keep, y, rng.integers(0, CLASSES, len(y)))
    minority = (1, 4)
    found = classification_metrics(guess, y, CLASSES, minority)

    present = np.unique(y)
    recall = sk.recall_score(y, guess, labels=present, average=None, zero_division=0)
    f1 = sk.f1_score(y, guess, labels=present, average="macro", zero_division=0)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(y, guess))
    assert found["balanced_accuracy"] == pytest.approx(recall.mean())
    assert found["macro_f1"] == pytest.approx(f1)
    assert found["worst_class_recall"] == pytest.approx(recall.min())
    assert found["gmean_recall"] == pytest.approx(np.prod(recall) ** (1 / len(present)))
    by_class = dict.fromkeys(range(CLASSES), np.nan) | dict(zip(present, recall, strict=True))
    told = [found.pop(f"recall_class_{k}") for k in range(CLASSES)]
    assert told == pytest.approx(list(by_class.values()), nan_ok=True)
    rare = np.isin(present, minority)
    wanted = recall[rare].mean() if rare.any() else np.nan
    assert found.pop("minority_recall") == pytest.approx(wanted, nan_ok=True)
    assert np.isfinite(list(found.values())).all()
    assert np.array_equal(
        confusion(guess, y, CLASSES), sk.confusion_matrix(y, guess, labels=range(CLASSES))
    )


@settings(max_examples=30)
@given(y=labels, seed=st.integers(0, 2**32 - 1))
def test_logits_add_the_cross_entropy(y, seed):
    logits = torch.randn(len(y), CLASSES, generator=torch.Generator().manual_seed(seed))
    found = classification_metrics(logits, torch.tensor(y), CLASSES)
    of_labels = classification_metrics(logits.argmax(1), torch.tensor(y), CLASSES)
    expected = sk.log_loss(y, logits.double().softmax(1).numpy(), labels=range(CLASSES))
    assert found.pop("loss") == pytest.approx(expected)
    assert found == pytest.approx(of_labels, nan_ok=True)
    assert np.isnan(found["minority_recall"])  # no class is called rare


def test_worked_by_hand():
    # Recalls 1, 1/2 and 0; class 3 does not occur.
    found = classification_metrics(np.array([0, 0, 1, 3, 0]), np.array([0, 0, 1, 1, 2]), 4, (2, 3))
    assert found["accuracy"] == 3 / 5
    assert found["balanced_accuracy"] == 0.5
    assert found["minority_recall"] == found["worst_class_recall"] == found["gmean_recall"] == 0
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3 + 0) / 3)
    assert np.isnan(found["recall_class_3"])


def test_equal_logits_count_for_the_first_class():
    logits = torch.zeros(2, 3)
    assert classification_metrics(logits, torch.tensor([0, 2]), 3)["accuracy"] == 0.5


@pytest.mark.parametrize(
    ("predicted", "y", "message"),
    [
        ([0, 1], [0], "shape"),
        ([], [], "at least 1"),
        ([0, 3], [0, 1], "predictions lie in 0..3"),
        ([0, 1], [0, -1], "labels lie in -1..0"),
        ([[0.0, float("nan"), 1.0]], [0], "1 of 3 logits"),
        ([[0.0, float("inf"), 1.0]], [0], "1 of 3 logits"),
        ([[0.0, 1.0]], [0], "2 columns; there are 3 classes"),
        ([[0.0, 1.0, 2.0]], [0, 1], "shape"),
    ],
)
def test_bad_input_is_one_line(predicted, y, message):
    predicted = np.array(predicted, dtype=None if len(predicted) else int)
    with pytest.raises(InputError, match=message) as caught:
        classification_metrics(predicted, np.array(y, dtype=int), 3)
    assert "\n" not in str(caught.value)


def logits(*confidences):
    """Two classes, the first with each confidence."""
    p = np.array(confidences)
    return np.log(np.stack([p, 1 - p], axis=1))


def test_calibration_by_hand():
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
def test_calibration_is_that_of_the_paper(values, seed):
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
def test_bad_input_of_calibration(values, labels, options, message):
    with pytest.raises(InputError, match=message):
        calibration_error(values, labels, **options)
