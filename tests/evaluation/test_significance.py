import numpy as np
import pytest
from scipy.stats import bootstrap

from leastloss.errors import InputError
from leastloss.evaluation import mean_interval, mean_intervals
from leastloss.evaluation.significance import holm, signed_rank


def test_equals_scipy():
    values = np.random.default_rng(0).normal(0.8, 0.05, 10)
    expected = bootstrap((values,), np.mean, method="BCa", rng=np.random.default_rng(0))
    mean, low, high = mean_interval(values)
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx(tuple(expected.confidence_interval), abs=2e-4)


def test_rows_do_not_depend_on_their_neighbours():
    rows = np.random.default_rng(1).random((40, 7))
    together = np.array(mean_intervals(rows)).T
    alone = np.array([mean_interval(row) for row in rows[:5]])
    assert np.allclose(together[:5], alone, atol=1e-12)


def test_covers_the_true_mean_about_as_often_as_it_says():
    rows = np.random.default_rng(2).normal(3.0, 1.0, (400, 20))
    _, low, high = mean_intervals(rows)
    assert 0.90 < np.mean((low <= 3) & (high >= 3)) < 0.98


def test_differences_of_paired_seeds_are_surer_than_either_method():
    rng = np.random.default_rng(3)
    dense = rng.normal(0.8, 0.05, 8)
    a, b = dense + rng.normal(0.01, 0.001, 8), dense
    _, low, high = mean_interval(a - b)
    assert 0 < low < high < 0.02
    assert mean_interval(a)[1] < mean_interval(b)[2]  # unpaired, they overlap


def test_more_confidence_is_a_wider_interval():
    values = [0.1, 0.4, 0.2, 0.9, 0.5, 0.3]
    _, low, high = mean_interval(values, 0.8)
    _, lower, higher = mean_interval(values, 0.99)
    assert lower < low < high < higher


def test_one_seed_has_no_interval():
    mean, low, high = mean_interval([0.7])
    assert mean == 0.7
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize("n", [2, 3, 10])
def test_equal_seeds_have_an_interval_of_no_width(n):
    mean, low, high = mean_interval([0.1 + 0.2] * n)
    assert low == high == pytest.approx(mean)


def test_few_seeds_use_percentiles_within_what_was_seen():
    _, low, high = mean_interval([0.8, 0.9])
    assert (low, high) == pytest.approx((0.8, 0.9))


def test_same_seed_same_bits():
    values = [0.1, 0.5, 0.3, 0.8, 0.2]
    assert mean_interval(values, seed=4) == mean_interval(values, seed=4)


@pytest.mark.parametrize("values", [[], [0.1, float("nan")], [[[0.1]]]])
def test_bad_values(values):
    with pytest.raises(InputError, match="finite"):
        mean_interval(values)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_bad_confidence(confidence):
    with pytest.raises(InputError, match="confidence"):
        mean_interval([0.1, 0.2], confidence)


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
