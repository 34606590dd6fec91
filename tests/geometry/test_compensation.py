"""Masked least squares and the surgeon's denominators against plain solves, row by row."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.geometry.row_cases import RIDGE, problem, solved
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry.compensation import inverse_diagonals, masked_least_squares


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(4, 20))
def test_every_row_is_solved_on_what_it_keeps(seed: int, d: int, rows: int) -> None:
    moments, cross, mask = problem(seed, d, rows)
    ridge = torch.linspace(RIDGE, 2 * RIDGE, d, dtype=torch.float64)
    weights, diagonals = solved(moments, cross, mask, ridge)
    found = masked_least_squares(moments, cross, mask, ridge)
    inverse = inverse_diagonals(moments, mask, ridge)
    np.testing.assert_allclose(found, weights, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(inverse, diagonals, rtol=1e-8, atol=1e-11)
    assert (found[~mask] == 0).all()
    assert (inverse[~mask] == 0).all()
    assert (inverse[mask] > 0).all()


@pytest.mark.parametrize("shares", [False, True])
def test_full_and_empty_masks(shares: bool) -> None:
    moments, cross, mask = problem(1, 5, 4)
    ridge = torch.full((5,), RIDGE, dtype=torch.float64)
    mask[:] = shares
    plain = torch.linalg.solve(moments + torch.diag(ridge), cross).T
    expected = plain if shares else torch.zeros_like(plain)
    torch.testing.assert_close(masked_least_squares(moments, cross, mask, ridge), expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_what_a_weight_costs_is_its_square_over_the_inverse(seed: int) -> None:
    # Optimal brain surgeon: exact where the row is at its optimum.
    moments, cross, mask = problem(seed, 7, 6)
    ridge = torch.linspace(RIDGE, 2 * RIDGE, 7, dtype=torch.float64)
    weights = masked_least_squares(moments, cross, mask, ridge)
    costs = weights.square() / inverse_diagonals(moments, mask, ridge)

    def objective(row: int, w: Tensor) -> float:  # up to E[z^2]
        return float(w @ (moments + torch.diag(ridge)) @ w - 2 * cross[:, row] @ w)

    for row, a in mask.nonzero().tolist():
        less = mask.clone()
        less[row, a] = False
        without = masked_least_squares(moments, cross, less, ridge)[row]
        rise = objective(row, without) - objective(row, weights[row])
        assert rise == pytest.approx(float(costs[row, a]), rel=1e-7, abs=1e-10)


def test_rows_do_not_depend_on_one_another() -> None:
    moments, cross, mask = problem(3, 9, 12)
    ridge = torch.full((9,), RIDGE, dtype=torch.float64)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    whole = masked_least_squares(moments, cross, mask, ridge)
    mixed = masked_least_squares(moments, cross[:, order], mask[order], ridge)
    torch.testing.assert_close(mixed, whole[order], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"ridge": torch.zeros(3)}, "the ridge above 0"),
        ({"ridge": torch.ones(2)}, r"do not fit; they must be \(d, d\), \(rows, d\) and \(d,\)"),
        ({"moments": torch.full((3, 3), torch.nan)}, "moments must be finite"),
        ({"moments": -torch.eye(3)}, "not positive semi-definite"),
        ({"moments": torch.eye(2)}, r"moments \(2, 2\), mask \(4, 3\) and ridge \(3,\) do not fit"),
        ({"mask": torch.ones(3).bool()}, "do not fit"),
        (
            {"cross": torch.zeros(4, 3)},
            r"shape \(4, 3\); they must be finite and of shape \(3, 4\)",
        ),
        ({"cross": torch.full((3, 4), torch.inf)}, "they must be finite"),
    ],
)
def test_bad_input_is_one_line(change: dict[str, Tensor], line: str) -> None:
    given = {
        "moments": torch.eye(3),
        "cross": torch.zeros(3, 4),
        "mask": torch.ones(4, 3).bool(),
        "ridge": torch.full((3,), 0.1),
    } | change
    arguments = {k: v if v.dtype == torch.bool else v.double() for k, v in given.items()}
    with pytest.raises(InputError, match=line) as caught:
        masked_least_squares(**arguments)
    assert "\n" not in str(caught.value)
    if "cross" not in change:
        del arguments["cross"]
        with pytest.raises(InputError, match=line):
            inverse_diagonals(**arguments)
