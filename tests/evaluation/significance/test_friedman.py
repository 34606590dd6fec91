"""Ranks over data sets: the example of Demšar (JMLR 7, 2006, table 6), and the edges.

Of voting the table prints two equal values, rounded, with the ranks 2 and 3.
"""

import pandas as pd
import pytest
from scipy.stats import chi2 as chi2_distribution

from leastloss.errors import InputError
from leastloss.evaluation import rank_over

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
