"""Losses of separation against fitting again without a feature."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.geometry.cases import GAMMA, brute_losses, refit, statistics

from leastloss.geometry import (
    Separation,
    class_statistics,
    greedy_order,
    partial_fisher,
    partial_fisher_pairs,
    regularised_inverse,
)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_losses_equal_fitting_again_without_the_feature(seed: int) -> None:
    found = statistics(seed)
    inverse = regularised_inverse(found.within, GAMMA)
    everything = list(range(6))
    whole, _ = refit(found, everything)
    mean = [whole * loss for loss in brute_losses(found, everything, 0.0).values()]
    worst = list(brute_losses(found, everything, 1.0).values())
    np.testing.assert_allclose(partial_fisher(inverse, found.between), mean, rtol=1e-7)
    np.testing.assert_allclose(partial_fisher_pairs(inverse, found.means), worst, rtol=1e-7)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), scale=st.floats(1e-6, 1e6))
def test_scaling_and_shifting_all_features_keeps_relative_losses(seed: int, scale: float) -> None:
    found = statistics(seed)
    moved = partial_fisher_pairs(
        regularised_inverse(scale**2 * found.within), scale * found.means + 3
    )
    plain = partial_fisher_pairs(regularised_inverse(found.within), found.means)
    torch.testing.assert_close(moved, plain, rtol=1e-6, atol=1e-9)
    assert ((plain >= 0) & (plain <= 1)).all()


def test_a_copy_of_a_feature_is_worth_little_and_a_dead_one_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(40) % 2
    signal = 4.0 * labels + torch.randn(40, generator=generator)
    other = labels + torch.randn(40, generator=generator)
    features = torch.stack([signal, signal, other, torch.full((40,), 7.0)], dim=1)
    losses = Separation(class_statistics(features, labels)).losses()
    assert losses[3] == 0
    assert max(losses[0], losses[1]) < 0.05
    assert greedy_order(class_statistics(features, labels))[0] == 3


def test_the_worst_pair_protects_the_only_feature_of_a_pair() -> None:
    # Feature 0 separates classes 0 and 1 from the rest by far, feature 1 only class 2 from 3.
    means = torch.tensor([[9.0, 0, 3], [9, 0, -3], [0, 1, 0], [0, -1, 0]])
    noise = torch.cat([torch.eye(3), -torch.eye(3)])
    features = (means[:, None] + noise).reshape(-1, 3)
    found = class_statistics(features, torch.arange(4).repeat_interleave(6))
    assert greedy_order(found, "mean", k=1).tolist() == [1]
    assert greedy_order(found, "worst-pair", k=1).tolist() == [0]


def test_no_scatter_at_all_still_gives_losses() -> None:
    found = class_statistics(torch.tensor([[3.0, 0.0], [0.0, 4.0]]), torch.arange(2))
    torch.testing.assert_close(regularised_inverse(found.within), torch.eye(2).double())
    np.testing.assert_allclose(Separation(found).losses(), [9 / 25, 16 / 25])
