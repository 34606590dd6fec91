"""Ranks over data sets, and how often one method beats another.

The ranks are those of the example of Demšar (JMLR 7, 2006, table 6). Of voting the table prints two
equal values, rounded, with the ranks 2 and 3.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import mannwhitneyu

from leastloss.errors import InputError
from leastloss.evaluation import rank_over
from leastloss.evaluation.significance import paired_improvement, probability_of_improvement

AUC = """
adult .763 .768 .771 .798
breast .599 .591 .590 .569
wisconsin .954 .971 .968 .967
cmc .628 .661 .654 .657
ionosphere .882 .888 .886 .898
iris .936 .931 .916 .931
liver .661 .668 .609 .685
lung .583 .583 .563 .625
lymph .775 .838 .866 .875
mushroom 1 1 1 1
primary .940 .962 .965 .962
rheum .619 .666 .614 .669
voting .972 .981 .9751 .975
wine .957 .978 .946 .970
"""
ROWS = [line.split() for line in AUC.split("\n") if line]
METHODS = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]
SCORES = pd.DataFrame(
    [[float(value) for value in row[1:]] for row in ROWS],
    columns=METHODS,
    index=[row[0] for row in ROWS],
)


def test_the_published_example() -> None:
    ranking = rank_over(SCORES)
    assert list(ranking.ranks) == ["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]
    assert [round(rank, 3) for rank in ranking.ranks.values()] == [1.964, 2.0, 2.893, 3.143]
    assert ranking.difference == pytest.approx(1.25, abs=0.005)
    chi2 = 12 * 14 / 20 * (sum(rank**2 for rank in ranking.ranks.values()) - 4 * 25 / 4)
    assert chi2 == pytest.approx(9.28, abs=0.005)
    # Friedman's test here allows for ties, which makes p smaller than that of 9.28.
    assert 0.01 < ranking.friedman < chi2_distribution.sf(chi2, 3)
    assert ranking.p.to_numpy().min() > 0.05  # no pair is 1.25 apart
    assert ranking.data_sets[:2] == ("adult", "breast")


def test_a_pair_differs_where_its_ranks_are_the_critical_difference_apart() -> None:
    scores = pd.DataFrame({name: [1.0 - i] * 12 for i, name in enumerate("abcd")})
    ranking = rank_over(scores)
    for first, rank in ranking.ranks.items():
        for second, other in ranking.ranks.items():
            differ = abs(rank - other) > ranking.difference
            assert (ranking.p.loc[first, second] < 0.05) == differ
    assert list(rank_over(scores, higher_is_better=False).ranks) == ["d", "c", "b", "a"]


def test_equal_scores_share_a_rank() -> None:
    scores = pd.DataFrame({"a": [0.1 + 0.2] * 3, "b": [0.3] * 3, "c": [0.3] * 3})
    ranking = rank_over(scores)
    assert set(ranking.ranks.values()) == {2.0}
    assert ranking.friedman == 1.0


@pytest.mark.parametrize("scores", [SCORES.iloc[:2], SCORES.iloc[:, :2]])
def test_too_few_are_refused(scores: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"\d+ data sets and \d methods; ranks need 3 of each"):
        rank_over(scores)


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
