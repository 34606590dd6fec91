"""The surgeon's order against fitting a row again after every single removal."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry import compensation, surgeon_elimination
from leastloss.geometry.surgeon_elimination import Rows
from leastloss.geometry.surgeon_elimination import surgeon_order as order_of

RIDGE = 0.03


def rows(seed: int, d: int, count: int, *, bias: bool = False, keep: float = 0.8) -> Rows:
    """Fitted rows, a share of their inputs masked; two of the same support."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3 * d, d, generator=generator).double() @ torch.randn(d, d).double()
    if bias:
        x = torch.cat([x, torch.ones(len(x), 1).double()], dim=1)
    mask = torch.rand(count, d, generator=generator) < keep
    mask[0] = mask[-1]
    weights = torch.randn(count, d, generator=generator).double() * mask
    return Rows(
        moments=x.T @ x / len(x),
        ridge=torch.full((x.shape[1],), RIDGE).double(),
        weights=weights,
        mask=mask,
        factor=torch.rand(count, generator=generator).double() + 0.1,
    )


class Refitted:
    """One row; its targets are what it computes, and every fit is a least-squares problem."""

    def __init__(self, whole: Rows, row: int) -> None:
        values, vectors = np.linalg.eigh((whole.moments + torch.diag(whole.ridge)).numpy())
        self.x = (vectors * np.sqrt(values)).T  # x^T x = S + ridge
        inputs = whole.weights.shape[1]
        self.free = np.flatnonzero(whole.mask[row].numpy()).tolist()
        self.fixed = list(range(inputs, len(whole.ridge)))
        self.z = self.x[:, :inputs] @ whole.weights[row].numpy()
        self.factor, self.error = float(whole.factor[row]), 0.0

    def without(self, a: int) -> float:
        kept = [i for i in self.free if i != a] + self.fixed
        if not kept:
            return float(self.z @ self.z)
        w = np.linalg.lstsq(self.x[:, kept], self.z, rcond=None)[0]
        return float(((self.z - self.x[:, kept] @ w) ** 2).sum())

    def costs(self) -> dict[int, float]:
        return {a: self.factor * (self.without(a) - self.error) for a in self.free}

    def remove(self, a: int) -> None:
        self.error = self.without(a)
        self.free.remove(a)


def check(layers: list[Rows], order: np.ndarray) -> None:
    """Every removal is, up to rounding, the cheapest within its row, and of the rows' next ones."""
    refits, start = {}, 0
    numbers = {}
    for layer in layers:
        count, inputs = layer.weights.shape
        for row in range(count):
            refits[start] = Refitted(layer, row)
            numbers |= {start + a: (start, a) for a in range(inputs)}
            start += inputs
    nexts = {row: refit.costs() for row, refit in refits.items()}
    for part in order.tolist():
        row, a = numbers[part]
        cost = nexts[row][a]
        cheapest = min(min(costs.values()) for costs in nexts.values() if costs)
        assert cost == pytest.approx(cheapest, rel=1e-6, abs=1e-9)
        refits[row].remove(a)
        nexts[row] = refits[row].costs()


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


@pytest.mark.parametrize("chunk", [compensation.CHUNK, 300, 1])
def test_fewer_removals_are_the_beginning_of_more(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    layers = [rows(3, 30, 12, bias=True, keep=0.7), rows(4, 12, 5, keep=1.0)]
    alive = np.concatenate([layer.mask.flatten().numpy() for layer in layers])
    whole = order_of(layers, int(alive.sum()))
    assert set(whole.tolist()) == set(np.flatnonzero(alive).tolist())
    monkeypatch.setattr(compensation, "CHUNK", chunk)
    for k in (0, 1, 2, 7, 50, 200, len(whole) - 1):
        assert np.array_equal(order_of(layers, k), whole[:k])


def test_the_bound_shortens_what_is_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    layer, worked = rows(3, 40, 30, keep=1.0), []

    def counted(*arguments: object) -> object:
        found = trace(*arguments)
        worked.append(len(found[0]))
        return found

    trace = surgeon_elimination.trace
    monkeypatch.setattr(surgeon_elimination, "trace", counted)
    order_of([layer], 60)
    assert 60 <= sum(worked) < 0.5 * layer.weights.numel()


def test_a_bias_stays_and_is_fitted_again() -> None:
    # Input 0 is constant: the bias stands in for it, and it costs nothing.
    x = torch.tensor([[1.0, 0.3, 1.0], [1.0, -0.9, 1.0], [1.0, 0.5, 1.0]]).double()
    ridge, one = torch.full((3,), 1e-9).double(), torch.ones(1).double()
    weights = torch.tensor([[5.0, 0.1]]).double()
    layer = Rows(moments=x.T @ x / 3, ridge=ridge, weights=weights, mask=weights > 0, factor=one)
    assert order_of([layer], 2).tolist() == [0, 1]


def test_a_dear_weight_can_hide_cheap_ones() -> None:
    # Within a row the greedy order need not rise: 2 costs less once its opposite has gone.
    torch.manual_seed(1)
    layers = [rows(seed, 8, 4) for seed in range(5)]
    falls = 0
    for layer in layers:
        for row in range(4):
            refit, costs = Refitted(layer, row), []
            while refit.free:
                a, cost = min(refit.costs().items(), key=lambda item: item[1])
                costs.append(cost)
                refit.remove(a)
            falls += int((np.diff(costs) < 0).sum())
    assert falls > 0
    check(layers, order_of(layers, 80))


def test_equal_costs_are_decided_by_the_seed_and_costs_of_nothing_by_the_row() -> None:
    ones = torch.ones(3, 4).double()
    eye, ridge = torch.eye(4).double(), torch.full((4,), RIDGE).double()
    layer = Rows(moments=eye, ridge=ridge, weights=ones, mask=ones > 0, factor=ones[:, 0])
    found = {tuple(order_of([layer], 12, seed=seed).tolist()) for seed in range(5)}
    assert len(found) == 5
    assert all(sorted(order) == list(range(12)) for order in found)
    assert np.array_equal(order_of([layer], 12, seed=3), order_of([layer], 12, seed=3))
    # A unit that moves nothing: its weights go first, the smallest first.
    falling = torch.arange(4, 0, -1).double().expand(3, 4)
    idle = torch.tensor([1.0, 0.0, 1.0]).double()
    layer = Rows(moments=eye, ridge=ridge, weights=falling, mask=falling > 0, factor=idle)
    assert order_of([layer], 4).tolist() == [7, 6, 5, 4]


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


def broken(**changes: Tensor) -> Rows:
    plain = {
        "moments": torch.eye(3).double(),
        "ridge": torch.full((3,), RIDGE).double(),
        "weights": torch.ones(2, 3).double(),
        "mask": torch.ones(2, 3, dtype=torch.bool),
        "factor": torch.ones(2).double(),
    }
    return Rows(**(plain | changes))


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
