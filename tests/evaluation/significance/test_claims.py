import numpy as np
import pytest

from leastloss.errors import InputError
from leastloss.evaluation.significance import MIN_SEEDS, enough_seeds, holm, signed_rank


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1, 2, 3, 4, 5], 2 / 32),  # all of one sign: one of 32 in each tail
        ([-1, 2, 3, 4, 5], 4 / 32),  # rank sums 0 and 1 of 15: two of 32 in each tail
        ([0, 1, 2, 3, 4, 5], 2 / 32),  # a zero says nothing
        ([1, 1, -1, -1], 1.0),
        ([2, 2, 2, 2, -2], 12 / 32),  # of five equal ranks one or none is negative: 1 + 5 a tail
        ([0.1 + 0.2 - 0.3, 0.0], 1.0),  # rounding is no difference
        ([7.0], 1.0),
    ],
)
def test_signed_rank_by_hand(differences: list[float], p: float) -> None:
    assert signed_rank(differences) == pytest.approx(p)


def test_holm_by_hand() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1; no value below the one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.6]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []


@pytest.mark.parametrize("values", [[], [np.nan], [[1.0]]])
def test_signed_rank_refuses(values: list[float]) -> None:
    with pytest.raises(InputError, match="differences of shape"):
        signed_rank(values)


def test_holm_refuses() -> None:
    with pytest.raises(InputError, match="p-values of shape"):
        holm([0.5, 1.5])


def test_a_claim_takes_three_seeds_unless_asked() -> None:
    assert MIN_SEEDS == 3
    assert [enough_seeds(n) for n in range(5)] == [False, False, False, True, True]
    assert enough_seeds(1, at_least=1)
    with pytest.raises(InputError, match="0 or more of at least 1"):
        enough_seeds(-1)
