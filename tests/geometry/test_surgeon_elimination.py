"""The surgeon's order against fitting a row again after every single removal."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.geometry.surgeon_cases import RIDGE, check, rows
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry import row_factors
from leastloss.geometry.surgeon_elimination import Rows
from leastloss.geometry.surgeon_elimination import surgeon_order as order_of


def broken(**changes: Tensor) -> Rows:
    plain = {
        "moments": torch.eye(3).double(),
        "ridge": torch.full((3,), RIDGE).double(),
        "weights": torch.ones(2, 3).double(),
        "mask": torch.ones(2, 3, dtype=torch.bool),
        "factor": torch.ones(2).double(),
    }
    return Rows(**(plain | changes))


@given(
    seed=st.integers(0, 2**16),
    d=st.integers(1, 9),
    bias=st.booleans(),
    keep=st.sampled_from([0.4, 0.8, 1.0]),
)
@settings(max_examples=40, deadline=None)
def test_every_removal_is_the_cheapest_of_all_refits(
    seed: int, d: int, bias: bool, keep: float
) -> None:
    torch.manual_seed(seed)
    layers = [rows(seed, d, 3, bias=bias, keep=keep), rows(seed + 1, 4, 2)]
    total = sum(int(layer.mask.sum()) for layer in layers)
    order = order_of(layers, total)
    assert len(set(order.tolist())) == total
    check(layers, order)


@pytest.mark.parametrize("chunk", [row_factors.CHUNK, 300, 1])
def test_fewer_removals_are_the_beginning_of_more(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    layers = [rows(3, 30, 12, bias=True, keep=0.7), rows(4, 12, 5, keep=1.0)]
    alive = np.concatenate([layer.mask.flatten().numpy() for layer in layers])
    whole = order_of(layers, int(alive.sum()))
    assert set(whole.tolist()) == set(np.flatnonzero(alive).tolist())
    monkeypatch.setattr(row_factors, "CHUNK", chunk)
    for k in (0, 1, 2, 7, 50, 200, len(whole) - 1):
        assert np.array_equal(order_of(layers, k), whole[:k])


def test_a_bias_stays_and_is_fitted_again() -> None:
    # Input 0 is constant: the bias stands in for it, and it costs nothing.
    x = torch.tensor([[1.0, 0.3, 1.0], [1.0, -0.9, 1.0], [1.0, 0.5, 1.0]]).double()
    ridge, one = torch.full((3,), 1e-9).double(), torch.ones(1).double()
    weights = torch.tensor([[5.0, 0.1]]).double()
    layer = Rows(moments=x.T @ x / 3, ridge=ridge, weights=weights, mask=weights > 0, factor=one)
    assert order_of([layer], 2).tolist() == [0, 1]


def test_inputs_that_never_fire_and_moments_of_low_rank() -> None:
    x = torch.zeros(4, 6).double()
    x[:, 2] = torch.arange(4)
    x[:, 3] = -2 * x[:, 2]
    weights = torch.rand(2, 6, generator=torch.Generator().manual_seed(0)).double()
    layer = Rows(
        moments=x.T @ x,
        ridge=torch.full((6,), 1e-9).double(),
        weights=weights,
        mask=weights > 0,
        factor=torch.ones(2).double(),
    )
    order = order_of([layer], 12)
    assert sorted(order.tolist()) == list(range(12))
    # Of the two that stand in for each other one is among the last of its row.
    assert {int(part) % 6 for part in order[-2:]} <= {2, 3}


@pytest.mark.parametrize(
    ("layer", "k", "line"),
    [
        (broken(), 7, "k is 7; it must lie in 0..6"),
        (broken(), -1, "k is -1"),
        (broken(mask=torch.ones(2, 2, dtype=torch.bool)), 1, "do not fit"),
        (broken(weights=torch.ones(3).double()), 1, "do not fit"),
        (broken(factor=torch.ones(3).double()), 1, "do not fit"),
        (broken(moments=torch.eye(4).double()), 1, "do not fit"),
        (broken(weights=torch.full((2, 3), torch.nan).double()), 1, "weights and factors must be"),
        (broken(factor=torch.full((2,), torch.inf).double()), 1, "weights and factors must be"),
        (broken(factor=torch.tensor([1.0, -1.0]).double()), 1, "a factor is -1"),
        (broken(ridge=torch.zeros(3).double()), 1, "the ridge above 0"),
        (broken(moments=-torch.eye(3).double()), 1, "not positive semi-definite"),
    ],
)
def test_bad_input_is_one_clear_line(layer: Rows, k: int, line: str) -> None:
    with pytest.raises(InputError, match=line) as caught:
        order_of([layer], k)
    assert "\n" not in str(caught.value)
