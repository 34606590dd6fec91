"""Greedy elimination against fitting the discriminant again."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.geometry.cases import GAMMA, brute_losses, statistics

from leastloss.geometry import (
    Separation,
    class_statistics,
    eliminate,
    greedy_order,
)


@pytest.mark.parametrize(("criterion", "protect"), [("worst-pair", 1.0), ("mean", 0.0)])
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_every_prefix_of_the_greedy_path_is_exact(
    criterion: str, protect: float, seed: int
) -> None:
    found = statistics(seed)
    kept, expected = list(range(6)), []
    while kept:
        losses = brute_losses(found, kept, protect) if len(kept) > 1 else {kept[0]: 1.0}
        expected.append(min(losses, key=losses.__getitem__))
        kept.remove(expected[-1])
    assert greedy_order(found, criterion, gamma=GAMMA).tolist() == expected
    assert greedy_order(found, criterion, k=3, gamma=GAMMA).tolist() == expected[:3]


@pytest.mark.parametrize("protect", [0.0, 0.5, 1.0])
def test_a_long_path_keeps_its_digits(protect: float) -> None:
    # 150 removals cross two block updates; the losses then still equal a fresh fit.
    found = statistics(2, d=160, n=400)
    separation = Separation(found, gamma=GAMMA, protect=protect)
    gone = eliminate([separation], 150)
    kept = [j for j in range(160) if j not in set(gone.tolist())]
    expected = brute_losses(found, kept, protect)
    losses = separation.losses()
    assert torch.isnan(losses).sum() == 150
    np.testing.assert_allclose(losses[kept], [expected[j] for j in kept], rtol=1e-6)


def test_equal_losses_are_decided_by_the_seed_alone() -> None:
    features = torch.zeros(4, 50)
    features[2:, 49] = 1.0
    found = class_statistics(features, torch.tensor([0, 0, 1, 1]))
    orders = [greedy_order(found, seed=seed).tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(50))
    assert orders[0][-1] == 49


def test_sets_compete_by_relative_loss_and_keep_their_last_feature() -> None:
    first, second = statistics(3, d=3), statistics(4, d=4)
    order = eliminate([Separation(first), Separation(second)], 7).tolist()
    assert sorted(order) == list(range(7))
    assert {unit < 3 for unit in order[-2:]} == {True, False}  # one of each set at the end
    assert [unit for unit in order if unit < 3] == greedy_order(first).tolist()
    assert [unit - 3 for unit in order if unit >= 3] == greedy_order(second).tolist()
