"""Areas and free sparsities, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from leastloss.errors import InputError
from leastloss.evaluation.significance import area_under_curve, free_sparsity, steps_within

AT = [0.0, 0.5, 0.8, 0.9]


@pytest.mark.parametrize(
    ("upto", "area"),
    [
        (0.5, 0.9),  # (1 + 0.8) / 2
        (0.8, (0.5 * 0.9 + 0.3 * 0.6) / 0.8),
        (0.25, 0.95),  # halfway down to 0.8 the curve is at 0.9
        (0.9, (0.5 * 0.9 + 0.3 * 0.6 + 0.1 * 0.2) / 0.9),
    ],
)
def test_area_by_hand(upto: float, area: float) -> None:
    assert area_under_curve(AT, [1.0, 0.8, 0.4, 0.0], upto) == pytest.approx(area)


@given(
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.floats(0.01, 0.9),
)
def test_area_equals_the_integral_of_the_line_through_the_steps(
    values: list[float], upto: float
) -> None:
    points = [at for at in AT if 0 < at < upto]
    whole = quad(lambda x: np.interp(x, AT, values), 0, upto, points=points or None)[0]
    assert area_under_curve(AT, values, upto) == pytest.approx(whole / upto, abs=1e-6)


def test_many_curves_at_once() -> None:
    curves = np.random.default_rng(0).random((3, 2, 4))
    areas = area_under_curve(AT, curves, 0.85)
    free = free_sparsity(AT, curves, curves[..., 0], 0.1)
    assert areas.shape == free.shape == (3, 2)
    assert areas[2, 1] == pytest.approx(area_under_curve(AT, curves[2, 1], 0.85))
    assert free[2, 1] == free_sparsity(AT, curves[2, 1], curves[2, 1, 0], 0.1)


@pytest.mark.parametrize(
    ("values", "within", "sparsity"),
    [
        ([0.90, 0.89, 0.80, 0.90], 0.02, 0.5),  # what comes back later does not count
        ([0.90, 0.89, 0.88, 0.88], 0.02, 0.9),  # as far as it was measured; 0.90 - 0.88 is within
        ([0.80, 0.90, 0.90, 0.90], 0.02, 0.0),  # fallen at once
        ([0.90, 0.95, 0.95, 0.10], 0.0, 0.8),  # better is no fall
    ],
)
def test_free_sparsity_by_hand(values: list[float], within: float, sparsity: float) -> None:
    assert free_sparsity(AT, values, 0.9, within) == sparsity


def test_a_step_after_the_first_fall_is_not_within() -> None:
    found = steps_within([[0.9, 0.8, 0.9], [0.9, 0.9, 0.8]], [0.9, 0.8], 0.05)
    assert found.tolist() == [[True, False, False], [True, True, True]]


@pytest.mark.parametrize(
    ("sparsity", "values", "upto", "message"),
    [
        ([0.0, 0.5], [1.0, 0.5], 0.6, "an area up to 0.6 of a curve from 0 to 0.5"),
        ([0.1, 0.5], [1.0, 0.5], 0.5, "a curve from 0.1 to 0.5"),
        ([0.0, 0.5], [1.0, 0.5], 0.0, "an area up to 0.0"),
        ([0.0, 0.5], [1.0, np.nan], 0.5, "not finite"),
        ([0.0, 0.5, 0.5], [1.0, 0.9, 0.8], 0.5, "do not ascend"),
        ([0.0, 0.5], [1.0, 0.5, 0.4], 0.5, "of at least 2 steps"),
        ([0.0], [1.0], 0.5, "of at least 2 steps"),
    ],
)
def test_bad_curves(sparsity: list[float], values: list[float], upto: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        area_under_curve(sparsity, values, upto)


def test_bad_levels() -> None:
    with pytest.raises(InputError, match="accepted must be at least 0"):
        free_sparsity(AT, AT, 0.9, -0.1)
    with pytest.raises(InputError, match="dense levels"):
        free_sparsity(AT, AT, [0.9, 0.9], 0.1)
    with pytest.raises(InputError, match="not finite"):
        free_sparsity(AT, AT, np.nan, 0.1)
