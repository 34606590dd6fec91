"""Runs of several data sets: answers by hand, and those of rliable's own tests."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import trim_mean

from leastloss.errors import InputError
from leastloss.evaluation.significance import interquartile_mean, stratified_interval

COINS = [[0.0, 1.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([[1, 2], [2, 2], [1, 1], [2, 1]], 1.5),  # rliable/tests/metrics_test.py
        ([[1, 1], [2, 2], [3, 3]], 2.0),  # the same
        ([0, 1, 2, 3, 4, 5, 6, 700], 3.5),  # two of eight go at either end
        ([1, 2, 6], 3.0),  # of three none
    ],
)
def test_interquartile_mean_by_hand(values: list[float], mean: float) -> None:
    assert interquartile_mean(values) == mean


@pytest.mark.parametrize("values", [[], [np.inf, 1.0]])
def test_interquartile_mean_refuses(values: list[float]) -> None:
    with pytest.raises(InputError, match="finite"):
        interquartile_mean(values)


@pytest.mark.parametrize(
    ("statistic", "confidence", "interval"),
    [
        # Four coins: k heads with 1, 4, 6, 4, 1 sixteenths; their mean is k / 4.
        ("mean", 0.8, (0.25, 0.75)),  # 1/16 < 10 % < 5/16
        ("mean", 0.95, (0.0, 1.0)),  # 2.5 % < 1/16
        # The middle two of four: 0 up to one head, 1/2 for two, 1 from three on.
        ("interquartile_mean", 0.8, (0.0, 1.0)),  # 10 % < 5/16
        ("interquartile_mean", 0.3, (0.5, 0.5)),  # 5/16 < 35 % < 11/16
    ],
)
def test_interval_by_hand(statistic: str, confidence: float, interval: tuple[float, float]) -> None:
    assert stratified_interval(COINS, statistic, confidence) == (0.5, *interval)


def test_runs_stay_in_their_data_set() -> None:
    assert stratified_interval([[0, 0, 0], [1, 1, 1]], "mean") == (0.5, 0.5, 0.5)
    assert stratified_interval([[0, 0, 0], [1, 1, 1]]) == (0.5, 0.5, 0.5)
    pooled = stratified_interval([[0, 0, 0, 1, 1, 1]], "mean")
    assert pooled[1] < 0.5 < pooled[2]


def test_data_sets_may_differ_in_their_runs_and_one_may_come_alone() -> None:
    found, low, high = stratified_interval([[0.2, 0.4], [0.6, 0.7, 0.8, 0.9]], "mean")
    assert found == pytest.approx((0.3 + 0.75) / 2)
    assert low < found < high
    assert stratified_interval([0.2, 0.4, 0.9]) == stratified_interval([[0.2, 0.4, 0.9]])


def test_one_run_has_no_interval() -> None:
    found, low, high = stratified_interval([[0.2, 0.4], [0.6]], "mean")
    assert found == pytest.approx(0.45)
    assert np.isnan([low, high]).all()


@settings(max_examples=25)
@given(st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=5), min_size=1, max_size=3))
@example([[0.36455829073906215, 0.36455829073906215]])
def test_the_statistic_is_scipys_and_lies_in_what_was_seen(runs: list[list[float]]) -> None:
    found, low, high = stratified_interval(runs)
    assert found == pytest.approx(trim_mean(np.concatenate(runs), 0.25))
    assert min(map(min, runs)) - 1e-9 <= low <= high <= max(map(max, runs)) + 1e-9


@pytest.mark.parametrize(
    ("strata", "options", "message"),
    [
        ([], {}, "there is no data set"),
        ([[0.1, 0.2], []], {}, "the runs of data set 1 have shape"),
        ([[0.1, np.nan]], {}, "the runs of data set 0 have shape"),
        ([[[0.1, 0.2]]], {}, "the runs of data set 0 have shape"),
        (COINS, {"statistic": "median"}, "unknown statistic 'median'"),
        (COINS, {"confidence": 95}, "confidence is 95"),
    ],
)
def test_bad_input(strata: list[list[float]], options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        stratified_interval(strata, **options)  # type: ignore[arg-type]
