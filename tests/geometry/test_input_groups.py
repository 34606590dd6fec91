"""Costs of groups of inputs: the closed form against fits that are made again."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry import group_costs


def problem(seed: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
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
def test_it_is_what_the_fit_loses_when_it_is_made_again(seed: int, size: int, gone: int) -> None:
    moments, cross, ridge = problem(seed, size)
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


def test_of_single_inputs_it_is_the_surgeons_cost() -> None:
    moments, cross, ridge = problem(0, 6)
    kept = torch.ones(6, dtype=torch.bool)
    weights, _ = least(moments + torch.diag(ridge), cross, kept)
    inverse = torch.linalg.inv(moments + torch.diag(ridge)).diagonal()
    costs = group_costs(moments, weights, torch.arange(6)[:, None], kept, ridge)
    torch.testing.assert_close(costs, (weights.square() / inverse).T)


def test_inputs_that_are_gone_add_nothing_to_what_a_group_costs() -> None:
    moments, cross, ridge = problem(0, 4)
    kept = torch.tensor([True, True, False, False])
    weights, _ = least(moments + torch.diag(ridge), cross, kept)
    gone, partly = group_costs(moments, weights, torch.tensor([[2, 3], [1, 2]]), kept, ridge)
    (alone,) = group_costs(moments, weights, torch.tensor([[1]]), kept, ridge)
    assert not gone.any()
    torch.testing.assert_close(partly, alone)
    assert alone.all()


def test_what_is_no_moments_is_refused() -> None:
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
