"""How far units move the logits, and at what cost."""

from collections.abc import Callable

import pytest
import torch
from tests.criteria.cases import (
    CLASSES,
    NETWORKS,
    context,
    mlp,
    split,
)
from torch import nn

from leastloss.criteria.gauss_newton import GaussNewton
from leastloss.criteria.scoring.logit_directions import Fixed, metric_columns
from leastloss.criteria.scoring.logit_moves import unit_moves
from leastloss.data import Split
from leastloss.errors import InputError


@pytest.mark.parametrize("make", NETWORKS)
def test_many_columns_cost_a_backward_pass_for_each_logit_alone(
    make: Callable[[], nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, columns = context(make()), Fixed(torch.randn(CLASSES, 2 * CLASSES + 1))
    one_by_one = unit_moves(case, lambda logits: columns(logits))
    passes, grad = [], torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *a, **k: passes.append(1) or grad(*a, **k))
    at_once = unit_moves(case, columns)
    assert len(passes) == CLASSES
    for name, moves in one_by_one.items():
        torch.testing.assert_close(at_once[name], moves, rtol=1e-9, atol=1e-12)


def test_a_draw_of_samples_stands_for_all() -> None:
    case = context(mlp())
    columns = metric_columns(case, "logit")
    every = unit_moves(case, columns, balanced=False)
    same = unit_moves(case, columns, balanced=False, most=9)
    assert all(torch.equal(every[name], same[name]) for name in every)
    # Of the last layer the slope is 1, whatever the draw: weights must still add up to 1.
    for balanced in (True, False):
        for most in (1, 2, 4):
            some = unit_moves(case, columns, balanced=balanced, most=most)["layers.4"]
            torch.testing.assert_close(some, torch.eye(CLASSES).double(), rtol=1e-9, atol=1e-12)


def test_networks_that_cannot_be_probed_are_named() -> None:
    shared = nn.Linear(32, 32).double()
    twice = nn.Sequential(nn.Flatten(), shared, shared, nn.Linear(32, CLASSES).double())
    with pytest.raises(InputError, match="'1' runs twice"):
        GaussNewton().score(context(twice))
    shaped = nn.Sequential(mlp(), nn.Unflatten(1, (3, 1)))
    with pytest.raises(InputError, match=r"returns \(16, 3, 1\)"):
        GaussNewton().score(context(shaped))
    idle = mlp()
    idle.add_module("spare", nn.Linear(2, 2).double())
    with pytest.raises(InputError, match="layer 'spare' is not called"):
        GaussNewton().score(context(idle))
    gap = Split(split().x, split().y.clamp(min=1), CLASSES, (2,))
    with pytest.raises(InputError, match="class 0"):
        GaussNewton().score(context(mlp(), train=gap))
    endless = split()
    endless.x[3, 0, 0, 0] = torch.inf
    with pytest.raises(InputError, match="not finite"):
        GaussNewton().score(context(mlp(), train=endless))
