"""Rows in batches of torch, as a GPU solves them, against plain solves."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.geometry.row_cases import RIDGE, problem, solved
from torch import Tensor

from leastloss.geometry import row_factors
from leastloss.geometry.row_factors import solve_batches


@pytest.mark.parametrize("chunk", [row_factors.CHUNK, 200, 1])
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(4, 20))
def test_every_row_is_solved_on_what_it_keeps(chunk: int, seed: int, d: int, rows: int) -> None:
    moments, cross, mask = problem(seed, d, rows)
    ridge = torch.linspace(RIDGE, 2 * RIDGE, d, dtype=torch.float64)
    weights, diagonals = solved(moments, cross, mask, ridge)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_factors, "CHUNK", chunk)
        fitted, spread = solve_batches(moments, cross, mask, ridge, diagonals=True)
    np.testing.assert_allclose(fitted, weights, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(spread, diagonals, rtol=1e-8, atol=1e-11)


def test_batches_that_do_not_fit_the_memory_are_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    moments, cross, mask = problem(4, 9, 24)
    ridge = torch.full((9,), RIDGE, dtype=torch.float64)
    whole, _ = solve_batches(moments, cross, mask, ridge, diagonals=False)
    exact = row_factors.cholesky
    batches: list[int] = []

    def short_of_memory(block: Tensor) -> Tensor:
        batches.append(len(block))
        if block.ndim == 3 and len(block) > 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 bytes")
        return exact(block)

    monkeypatch.setattr(row_factors, "cholesky", short_of_memory)
    fitted, _ = solve_batches(moments, cross, mask, ridge, diagonals=False)
    assert max(batches) > 1
    torch.testing.assert_close(fitted, whole, rtol=1e-9, atol=1e-12)


def test_what_is_no_lack_of_memory_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    moments, cross, mask = problem(4, 9, 24)

    def fails(block: Tensor) -> Tensor:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(row_factors, "cholesky", fails)
    with pytest.raises(RuntimeError, match="shapes differ"):
        solve_batches(moments, cross, mask, torch.full((9,), RIDGE).double(), diagonals=True)
