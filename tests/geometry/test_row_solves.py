"""Rows on a processor, in both ways and with threads, against plain solves."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.geometry.row_cases import RIDGE, problem, solved

from leastloss.errors import InputError
from leastloss.geometry import row_solves
from leastloss.geometry.row_solves import solve_rows


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("few", [0.0, 0.45, 1.0])  # never, as it is, always from the inverse of all
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(4, 20))
def test_both_ways_agree_with_plain_solves(
    few: float, threads: int, seed: int, d: int, rows: int
) -> None:
    moments, cross, mask = problem(seed, d, rows)
    ridge = torch.linspace(RIDGE, 2 * RIDGE, d, dtype=torch.float64)
    weights, diagonals = solved(moments, cross, mask, ridge)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_solves, "FEW", few)
        patch.setattr(row_solves, "WORTH", 1)
        patch.setattr(torch, "get_num_threads", lambda: threads)
        patch.setattr(row_solves, "SMALL", 0)
        fitted, spread = solve_rows(moments, cross, mask, ridge, diagonals=True)
        alone, nothing = solve_rows(moments, cross, mask, ridge, diagonals=False)
        zeros, spread_alone = solve_rows(moments, None, mask, ridge, diagonals=True)
    for tensor, expected in ((fitted, weights), (alone, weights), (spread, diagonals)):
        np.testing.assert_allclose(tensor, expected, rtol=1e-7, atol=1e-10)
        assert (tensor[~mask] == 0).all()
    assert torch.equal(spread, spread_alone)
    assert not zeros.any()
    assert not nothing.any()


def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    moments, cross, mask = problem(5, 40, 60, n=200)
    ridge = torch.full((40,), RIDGE, dtype=torch.float64)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    one = solve_rows(moments, cross, mask, ridge, diagonals=True)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(row_solves, "SMALL", 0)
    several = solve_rows(moments, cross, mask, ridge, diagonals=True)
    assert all(torch.equal(a, b) for a, b in zip(one, several, strict=True))


def test_inputs_that_are_almost_one_another_keep_their_bounds() -> None:
    # The inverse of all is a difference of large numbers there.
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400, 30, generator=generator, dtype=torch.float64)
    x = torch.cat([x, x + 1e-6 * torch.randn(400, 30, generator=generator).double()], dim=1)
    mask = torch.rand(20, 60, generator=generator) < 0.8
    ridge = torch.full((60,), 1e-6, dtype=torch.float64)
    moments = x.T @ x / 400
    cross = moments @ torch.randn(60, 20, generator=generator).double()
    fitted, spread = solve_rows(moments, cross, mask, ridge, diagonals=True)
    weights, diagonals = solved(moments, cross, mask, ridge)
    np.testing.assert_allclose(fitted, weights, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(spread, diagonals, rtol=1e-5)
    least = 1 / (moments.diagonal() + ridge)
    assert (spread >= least)[mask].all()


@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_no_moment_is_one_line(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(row_solves, "SMALL", 0)
    mask = torch.rand(20, 4) < 0.5
    with pytest.raises(InputError, match="not positive semi-definite"):
        solve_rows(
            -torch.eye(4).double(), None, mask, torch.full((4,), 0.1).double(), diagonals=True
        )


def test_few_small_supports_are_solved_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    moments, cross, mask = problem(0, 12, 40)
    ridge = torch.full((12,), RIDGE, dtype=torch.float64)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    serial = solve_rows(moments, cross, mask, ridge, diagonals=True)
    monkeypatch.setattr(row_solves, "SMALL", 0)
    for alone, threaded in zip(
        serial, solve_rows(moments, cross, mask, ridge, diagonals=True), strict=True
    ):
        assert torch.equal(alone, threaded)
    monkeypatch.setattr(row_solves, "SMALL", 10**8)
    monkeypatch.setattr(row_solves, "ThreadPoolExecutor", None)
    solve_rows(moments, cross, mask, ridge, diagonals=True)


def test_inputs_that_no_row_keeps_are_as_if_they_were_not_there() -> None:
    moments, cross, mask = problem(3, 20, 30, n=100)
    ridge = torch.full((20,), RIDGE, dtype=torch.float64)
    mask[:, ::3] = False
    used = mask.any(dim=0)
    assert not used.all()
    results = solve_rows(moments, cross, mask, ridge, diagonals=True)
    fewer = moments[used][:, used], cross[used], mask[:, used], ridge[used]
    for result, alone in zip(results, solve_rows(*fewer, diagonals=True), strict=True):
        assert torch.equal(result[:, used], alone)
        assert not result[:, ~used].any()
    for nothing in solve_rows(moments, cross, torch.zeros_like(mask), ridge, diagonals=True):
        assert nothing.shape == mask.shape
        assert not nothing.any()
