import numpy as np
import pytest
from scipy.stats import bootstrap

from leastloss.errors import InputError
from leastloss.evaluation import mean_interval, mean_intervals
from leastloss.evaluation.significance import paired_interval, paired_intervals


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


def test_a_pair_is_the_interval_of_its_differences() -> None:
    rng = np.random.default_rng(5)
    values, reference = rng.random(8), rng.random(8)
    assert paired_interval(values, reference) == mean_interval(values - reference)
    # Three seeds: percentiles of the means of three draws of 0, 1, 2, of which 1/27 are 0.
    assert paired_interval([1, 2, 4], [1, 1, 2]) == (1.0, 0.0, 2.0)
    assert paired_interval([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == (0.0, 0.0, 0.0)


def test_pairs_of_many_methods_and_points_equal_pairs_one_by_one() -> None:
    rng = np.random.default_rng(6)
    values, dense = rng.random((6, 3, 4)), rng.random(6)
    means, lows, highs = paired_intervals(values, dense)
    assert means.shape == lows.shape == highs.shape == (3, 4)
    alone = paired_interval(values[:, 2, 1], dense)
    assert (means[2, 1], lows[2, 1], highs[2, 1]) == pytest.approx(alone)
    same = paired_intervals(values, np.broadcast_to(dense[:, None, None], values.shape))
    assert np.array_equal(same[1], lows)


@pytest.mark.parametrize("reference", [[0.1, 0.2], [[0.1], [0.2], [0.3]], 0.1, []])
def test_what_is_not_paired_is_refused(reference: object) -> None:
    with pytest.raises(InputError, match="are not paired"):
        paired_interval([0.1, 0.2, 0.3], reference)  # type: ignore[arg-type]


def test_a_pair_without_a_number_is_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        paired_interval([0.1, np.nan], [0.1, 0.2])
