from math import isnan, nan

import pytest

from leastloss.evaluation.corruption_error import corruption_error, relative_corruption_error


def test_error_of_five_severities_by_hand():
    errors, dense = [0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.1, 0.2, 0.3, 0.3]
    assert corruption_error(errors, dense) == pytest.approx(1.5 / 1.0)
    # Above the clean errors 0.05 and 0.1: 1.5 - 0.25 over 1.0 - 0.5.
    assert relative_corruption_error(errors, 0.05, dense, 0.1) == pytest.approx(1.25 / 0.5)


def test_the_reference_has_error_one():
    errors = [0.3, 0.5]
    assert corruption_error(errors, errors) == 1.0
    assert relative_corruption_error(errors, 0.1, errors, 0.1) == 1.0


def test_a_network_that_noise_helps_has_a_negative_relative_error():
    assert relative_corruption_error([0.1], 0.2, [0.5], 0.25) == pytest.approx(-0.4)


def test_no_error_to_compare_with_is_no_number():
    assert isnan(corruption_error([0.1, 0.2], [0.0, 0.0]))
    assert isnan(relative_corruption_error([0.1], 0.0, [0.2], 0.2))
    assert isnan(relative_corruption_error([0.1], 0.0, [0.1], 0.2))  # the reference gained
    # Up by a tenth and down by a tenth is no growth, whatever the rounding.
    assert isnan(relative_corruption_error([0.5, 0.5], 0.1, [0.3 + 0.1, 0.3 - 0.1], 0.3))


def test_failures_stay_failures():
    assert isnan(corruption_error([0.1, nan], [0.1, 0.1]))
    assert isnan(corruption_error([0.1, 0.1], [nan, 0.1]))
    assert isnan(relative_corruption_error([0.1], nan, [0.1], 0.0))
