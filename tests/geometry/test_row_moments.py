"""Moments of few rows: against plain products, whatever the batches and threads."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leastloss.geometry import row_moments as module
from leastloss.geometry.row_moments import moments_of_rows


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(0, 4),
    st.booleans(),
    st.sampled_from([1, 2, 5]),
)
def test_they_are_the_sums_that_are_spelled_out(
    seed: int, sizes: list[int], width: int, units: int, constant: bool, piece: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    n = sum(sizes)
    rows = torch.randn(n, width, generator=generator).double()
    targets = torch.randn(n, units, generator=generator)
    weights = torch.rand(n, generator=generator).double()
    read = torch.cat([rows, torch.ones(n, 1)], dim=1) if constant else rows
    expected = read.T @ (weights[:, None] * torch.cat([read, targets], dim=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", piece)
        inputs = rows.split(sizes)
        moments = moments_of_rows(inputs, weights, constant=constant, targets=targets.split(sizes))
        alone = moments_of_rows(inputs, weights, constant=constant)
    torch.testing.assert_close(moments, expected)
    torch.testing.assert_close(alone, expected[:, : read.shape[1]])
    assert torch.equal(alone, alone.T)


def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 7)
    rows, weights = torch.randn(100, 20), torch.rand(100)
    serial = moments_of_rows([rows], weights, constant=True)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert torch.equal(serial, moments_of_rows([rows], weights, constant=True))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_rows_of_half_the_bits_count_as_they_are(dtype: torch.dtype) -> None:
    rows = torch.tensor([[1.5, -2.0], [0.25, 3.0]], dtype=dtype, requires_grad=True)
    moments = moments_of_rows([rows], torch.ones(2), constant=False)
    torch.testing.assert_close(moments, (rows.double().T @ rows.double()).detach())
