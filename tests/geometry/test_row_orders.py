"""Orders of rows, how far they are followed, and how they merge."""

import numpy as np
import pytest
import torch
from tests.geometry.surgeon_cases import RIDGE, Refitted, check, rows

from leastloss.geometry import surgeon_elimination
from leastloss.geometry.surgeon_elimination import Rows
from leastloss.geometry.surgeon_elimination import surgeon_order as order_of


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
