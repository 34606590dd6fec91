"""Masked least squares, and what weights and groups of inputs cost, against plain solves."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.geometry.row_cases import RIDGE, problem, solved
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry import group_costs, inverse_diagonals, masked_least_squares


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


def group_problem(seed: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(3 * size, size, generator=generator).double()
    targets = torch.rand(3 * size, 4, generator=generator).double()
    return x.T @ x, x.T @ targets, torch.rand(size, generator=generator).double() + 0.01


def least(moments: Tensor, cross: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """The best weights on the inputs that are kept, and their loss but for a constant."""
    weights = torch.zeros(cross.shape[1], len(moments)).double()
    weights[:, kept] = torch.linalg.solve(moments[kept][:, kept], cross[kept]).T
    loss = torch.einsum("ri,ij,rj->r", weights, moments, weights)
    return weights, loss - 2 * (weights * cross.T).sum(dim=1)


@given(seed=st.integers(0, 10**6), size=st.integers(3, 9), gone=st.integers(0, 1))
def test_a_group_costs_what_a_new_fit_loses(seed: int, size: int, gone: int) -> None:
    moments, cross, ridge = group_problem(seed, size)
    kept = torch.ones(size, dtype=torch.bool)
    kept[size - 1] = not gone
    groups = torch.arange(size - 1)[: 2 * ((size - 1) // 2)].reshape(-1, 2)
    whole = moments + torch.diag(ridge)
    weights, before = least(whole, cross, kept)
    costs = group_costs(moments, weights, groups, kept, ridge)
    for cost, group in zip(costs, groups, strict=True):
        without = kept.clone()
        without[group] = False
        torch.testing.assert_close(cost, least(whole, cross, without)[1] - before)


def test_a_group_of_one_costs_what_the_surgeon_says() -> None:
    moments, cross, ridge = group_problem(0, 6)
    kept = torch.ones(6, dtype=torch.bool)
    weights, _ = least(moments + torch.diag(ridge), cross, kept)
    inverse = torch.linalg.inv(moments + torch.diag(ridge)).diagonal()
    costs = group_costs(moments, weights, torch.arange(6)[:, None], kept, ridge)
    torch.testing.assert_close(costs, (weights.square() / inverse).T)


def test_inputs_that_are_gone_add_nothing_to_what_a_group_costs() -> None:
    moments, cross, ridge = group_problem(0, 4)
    kept = torch.tensor([True, True, False, False])
    weights, _ = least(moments + torch.diag(ridge), cross, kept)
    gone, partly = group_costs(moments, weights, torch.tensor([[2, 3], [1, 2]]), kept, ridge)
    (alone,) = group_costs(moments, weights, torch.tensor([[1]]), kept, ridge)
    assert not gone.any()
    torch.testing.assert_close(partly, alone)
    assert alone.all()


def test_of_groups_what_is_no_moments_is_refused() -> None:
    kept, ridge = torch.ones(2, dtype=torch.bool), torch.ones(2).double()
    weights, group = torch.ones(1, 2).double(), torch.tensor([[0]])
    with pytest.raises(InputError, match="finite"):
        group_costs(torch.full((2, 2), torch.nan).double(), weights, group, kept, ridge)
    with pytest.raises(InputError, match="semi-definite"):
        group_costs(-9 * torch.eye(2).double(), weights, group, kept, ridge)
    with pytest.raises(InputError, match="weights have shape"):
        group_costs(torch.eye(2).double(), torch.ones(1, 3).double(), group, kept, ridge)
    with pytest.raises(InputError, match="must be finite"):
        group_costs(torch.eye(2).double(), weights * torch.nan, group, kept, ridge)
