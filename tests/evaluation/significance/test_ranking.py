"""How often one method beats another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from leastloss.errors import InputError
from leastloss.evaluation.significance import paired_improvement, probability_of_improvement

RUNS = st.lists(st.integers(0, 5), min_size=2, max_size=6)


def test_the_answer_of_rliable() -> None:
    # rliable/tests/metrics_test.py, there (runs, tasks): 1/3. By hand: 1 or 2 against 1, 2, 3, with
    # ties half, is (0.5 + 1.5) / 2 / 3 on either task.
    x, y = [[1, 2, 1, 2], [2, 2, 1, 1]], [[1, 2, 3], [1, 2, 3]]
    assert probability_of_improvement(x, y)[0] == pytest.approx(1 / 3)


def test_interval_by_hand() -> None:
    # A coin against 0.5: of two draws both lose with 1/4, one wins with 1/2.
    found = [probability_of_improvement([0, 1], [0.5, 0.5], c) for c in (0.95, 0.4)]
    assert found == [(0.5, 0.0, 1.0), (0.5, 0.5, 0.5)]


@settings(max_examples=25)
@given(RUNS, RUNS)
def test_it_is_mann_whitneys_u(x: list[int], y: list[int]) -> None:
    found, low, high = probability_of_improvement(x, y)
    assert found == pytest.approx(mannwhitneyu(x, y).statistic / len(x) / len(y))
    assert 0 <= low <= high <= 1
    assert probability_of_improvement(y, x)[0] == pytest.approx(1 - found)


def test_rounding_is_no_win_and_one_run_no_interval() -> None:
    found, low, high = probability_of_improvement([0.1 + 0.2], [0.3])
    assert found == 0.5
    assert np.isnan([low, high]).all()


def test_pairs_by_hand() -> None:
    # Two wins, one tie, one loss; as if unpaired, 10 of 16 pairs are won and 1 is a tie.
    assert paired_improvement([0.9, 0.7, 0.5, 0.4], [0.8, 0.6, 0.5, 0.6]) == 0.625
    # Every seed wins by little what seeds differ by much.
    x, y = np.arange(4.0), np.arange(4.0) - 0.1
    assert paired_improvement(x, y) == 1.0
    assert probability_of_improvement(x, y)[0] == pytest.approx(10 / 16)


@pytest.mark.parametrize(
    ("x", "y"), [([], []), ([1.0], [1.0, 2.0]), ([np.nan], [0.1]), ([[1.0]], [[2.0]])]
)
def test_bad_pairs(x: list[float], y: list[float]) -> None:
    with pytest.raises(InputError, match="one a seed"):
        paired_improvement(x, y)


def test_other_data_sets_are_refused() -> None:
    with pytest.raises(InputError, match="2 data sets against 1"):
        probability_of_improvement([[1, 2], [1, 2]], [[1, 2]])
