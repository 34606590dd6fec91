"""What pruning does to classes: each answer by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from leastloss.errors import InputError
from leastloss.evaluation import names_of
from leastloss.evaluation.fairness import (
    combined_error_variance,
    error_changes,
    excess_gap,
    fairness_metrics,
    recall_change,
    recall_intensification,
    symmetric_distance_error,
)

# Three classes of 8, 8 and 4 samples.
DENSE = np.array([[6, 2, 0], [1, 7, 0], [0, 0, 4]])
PRUNED = np.array([[6, 2, 0], [0, 8, 0], [3, 0, 1]])


def labels(matrix: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """True and predicted labels that have a confusion matrix."""
    truth, guess = np.indices(matrix.shape)
    counts = matrix.ravel()
    return truth.ravel().repeat(counts), guess.ravel().repeat(counts)


def test_recall_change_and_gap_by_hand() -> None:
    assert recall_change(PRUNED, DENSE).tolist() == [0, 1 / 8, -3 / 4]
    # Drops 0, -1/8 and 3/4; their mean is 5/24.
    assert excess_gap(PRUNED, DENSE) == pytest.approx(3 / 4 - 5 / 24)
    assert excess_gap(DENSE, DENSE) == 0.0


def test_an_even_loss_leaves_no_gap() -> None:
    # One class loses what the other gains: the mean drop is 0.
    assert excess_gap(np.array([[1, 3], [2, 2]]), np.array([[2, 2], [3, 1]])) == 0.25
    even = np.array([[3, 1], [1, 3]])
    assert excess_gap(even, np.array([[4, 0], [0, 4]])) == 0.0


def test_error_changes_by_hand() -> None:
    # False positives of class 0: dense 1 of 12, (1 + 1) / 14; pruned 3, 4 / 14: twice as many.
    # Class 1: 2 and 2. Class 2: 0 and 0.
    # False negatives of class 0: 2 and 2; class 1: 1 and 0, from 2 / 10 to 1 / 10; class 2: 0 and 3
    # of 4, from 1 / 6 to 4 / 6.
    found = error_changes(PRUNED, DENSE)
    assert found == pytest.approx(np.array([[1, 0], [0, -1 / 2], [0, 3]]))


def test_cev_and_sde_by_hand() -> None:
    # The centre is (1/3, 5/6). Squared distances: 4/9 + 25/36, 1/9 + 16/9, 1/9 + 169/36.
    distances = [4 / 9 + 25 / 36, 1 / 9 + 16 / 9, 1 / 9 + 169 / 36]
    assert combined_error_variance(PRUNED, DENSE) == pytest.approx(sum(distances) / 3)
    assert symmetric_distance_error(PRUNED, DENSE) == pytest.approx((1 + 1 / 2 + 3) / 3)


def test_changed_predictions_are_counted_sample_by_sample() -> None:
    y = np.array([0, 0, 1, 1])
    # The same confusion matrix, and yet two of four predictions changed.
    found = fairness_metrics(np.array([0, 1, 1, 1]), np.array([1, 0, 1, 1]), y, 2)
    assert found.pop("recall_intensification") == 1
    assert found == {"changed_predictions": 0.5, "excess_gap": 0.0, "cev": 0.0, "sde": 0.0}
    assert (*found, "recall_intensification") == names_of("fairness")


def test_all_metrics_come_from_one_call() -> None:
    y, pruned = labels(PRUNED)
    found = fairness_metrics(pruned, labels(DENSE)[1], y, 3)
    assert found["excess_gap"] == excess_gap(PRUNED, DENSE)
    assert found["cev"] == combined_error_variance(PRUNED, DENSE)
    assert found["sde"] == symmetric_distance_error(PRUNED, DENSE)
    assert found["recall_intensification"] == recall_intensification(PRUNED, DENSE)


def test_a_class_that_does_not_occur_takes_no_part() -> None:
    gap = np.zeros((4, 4), dtype=np.int64)
    wide = [gap.copy(), gap.copy()]
    for matrix, small in zip(wide, (PRUNED, DENSE), strict=True):
        matrix[:3, :3] = small
    assert np.isnan(recall_change(*wide)[3])
    for measure in (
        excess_gap,
        combined_error_variance,
        symmetric_distance_error,
        recall_intensification,
    ):
        assert measure(*wide) == measure(PRUNED, DENSE)


def test_one_class_alone_has_no_false_positives() -> None:
    one, other = np.array([[2, 2], [0, 0]]), np.array([[4, 0], [0, 0]])
    # False negatives from 1/6 to 3/6; of false positives there is nothing to count.
    assert error_changes(one, other) == pytest.approx(np.array([[0, 2]]))
    assert symmetric_distance_error(one, other) == pytest.approx(2)
    assert combined_error_variance(one, other) == 0.0


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_bounds_and_what_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(4), rng.integers(0, 4, 30)])
    dense, pruned = rng.integers(0, 4, (2, 34))
    found = fairness_metrics(pruned, dense, y, 4)
    assert 0 <= found["changed_predictions"] <= 1
    assert 0 <= found["excess_gap"] <= 2
    assert found["cev"] >= 0
    assert found["sde"] >= 0
    unchanged = fairness_metrics(dense, dense, y, 4)
    assert unchanged.pop("recall_intensification") == pytest.approx(1, nan_ok=True)
    assert set(unchanged.values()) == {0.0}
    # Neither the order of the samples nor the names of the classes matter.
    order, names = rng.permutation(34), rng.permutation(4)
    renamed = fairness_metrics(names[pruned[order]], names[dense[order]], names[y[order]], 4)
    assert renamed == pytest.approx(found)


def test_bad_input() -> None:
    y = np.array([0, 1, 1])
    with pytest.raises(InputError, match="same n of at least 1"):
        fairness_metrics(y[:2], y, y, 2)
    with pytest.raises(InputError, match=r"must lie in 0\.\.1"):
        fairness_metrics(y + 1, y, y, 2)
    with pytest.raises(InputError, match="both must be"):
        excess_gap(DENSE, DENSE[:2])
    with pytest.raises(InputError, match="do not count the same samples"):
        excess_gap(DENSE, DENSE + 1)


def test_recall_intensification_by_hand() -> None:
    dense = np.array([[9, 1], [3, 7]])  # accuracy 0.8; recalls an eighth above and below it
    assert recall_intensification(dense, dense) == 1.0
    # Accuracy 0.6: recalls half of it above and below, so four times as far.
    assert recall_intensification(np.array([[9, 1], [7, 3]]), dense) == pytest.approx(4)
    # The other class has caught up and gone ahead.
    assert recall_intensification(np.array([[7, 3], [1, 9]]), dense) == pytest.approx(-1)


def test_recall_intensification_of_nothing_is_no_number() -> None:
    even, lost = np.array([[8, 2], [2, 8]]), np.array([[0, 10], [10, 0]])
    assert np.isnan(recall_intensification(even, even))
    assert np.isnan(recall_intensification(lost, np.array([[9, 1], [3, 7]])))
