"""Discriminant losses against fitting the discriminant again, and the greedy path against both."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.geometry.cases import GAMMA, brute_losses, refit, statistics
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry import (
    Separation,
    class_statistics,
    fisher_ratio,
    greedy_order,
    partial_fisher,
    partial_fisher_pairs,
    regularised_inverse,
    remove,
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


def test_removing_a_feature_inverts_the_remaining_block() -> None:
    found = statistics(1)
    inverse = remove(remove(regularised_inverse(found.within, GAMMA), 4), 1)
    kept = [0, 2, 3, 5]
    ridge = GAMMA * found.within.trace() / 6 * torch.eye(4)
    expected = torch.linalg.inv(found.within[kept][:, kept] + ridge)
    torch.testing.assert_close(inverse[kept][:, kept], expected)
    assert inverse[[1, 4]].abs().max() == 0
    assert torch.isnan(partial_fisher(inverse, found.between)[[1, 4]]).all()
    assert torch.isnan(partial_fisher_pairs(inverse, found.means)[[1, 4]]).all()
    with pytest.raises(InputError, match="feature 4 of 6"):
        remove(inverse, 4)
    with pytest.raises(InputError, match="feature 6 of 6"):
        remove(inverse, 6)


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


def test_fewer_samples_than_features() -> None:
    found = statistics(5, d=30, n=8)
    losses = Separation(found).losses()
    assert torch.isfinite(losses).all()
    assert len(greedy_order(found)) == 30


@pytest.mark.parametrize("gamma", [0.0, -1.0, float("nan"), float("inf")])
def test_gamma_must_be_positive(gamma: float) -> None:
    with pytest.raises(InputError, match="gamma is"):
        regularised_inverse(torch.eye(2), gamma)


@pytest.mark.parametrize(
    ("within", "message"),
    [
        (torch.zeros(2, 3), "must be"),
        (torch.full((2, 2), torch.nan), "not finite"),
        (torch.tensor([[1.0, 3.0], [3.0, 1.0]]), "no covariance"),
        (-torch.eye(2), "no covariance"),
        (torch.tensor([[0.0, 1.0], [1.0, 0.0]]), "no covariance"),
    ],
)
def test_bad_scatter_is_named(within: Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        regularised_inverse(within)


def test_other_bad_input_is_named() -> None:
    found = statistics()
    with pytest.raises(InputError, match=r"k is 7; it must lie in 0\.\.6"):
        greedy_order(found, k=7)
    with pytest.raises(InputError, match="did you mean 'worst-pair'"):
        greedy_order(found, "worst_pair")
    with pytest.raises(InputError, match="protect is 2"):
        Separation(found, protect=2)
    with pytest.raises(InputError, match="there is 1, and 2 are needed"):
        Separation(class_statistics(torch.eye(2), torch.tensor([0, 0])))
    separation = Separation(found)
    separation.remove(2)
    with pytest.raises(InputError, match="feature 2 of 6"):
        separation.remove(2)


@pytest.mark.parametrize("balanced", [True, False])
def test_ratio_equals_the_loop_over_samples(balanced: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.tensor([0] * 9 + [1] * 4 + [2] * 2)
    features = torch.randn(15, 5, generator=generator).double() + labels[:, None]
    counts = np.array([9, 4, 2])
    weights = np.full(3, 1 / 3) if balanced else counts / 15
    h = features.numpy()
    parts = [h[labels.numpy() == c] for c in range(3)]
    means = np.array([part.mean(axis=0) for part in parts])
    within = sum(w * part.var(axis=0) for w, part in zip(weights, parts, strict=True))
    between = weights @ (means - weights @ means) ** 2
    found = class_statistics(features, labels, balanced=balanced)
    np.testing.assert_allclose(fisher_ratio(found, 1e-12), between / within)
    ridged = between / (within + 0.1 * within.mean())
    np.testing.assert_allclose(fisher_ratio(found, 0.1), ridged)


def test_it_is_blind_to_redundancy() -> None:
    signal = torch.tensor([0.0, 1, 5, 6])
    copies = torch.stack([signal, signal], dim=1)
    ratios = fisher_ratio(class_statistics(copies, torch.tensor([0, 0, 1, 1])))
    assert ratios[0] == ratios[1] > 10


def test_constant_and_collapsed_features_are_finite() -> None:
    constant = torch.tensor([[1.0, 0], [1, 1], [1, 5], [1, 6]])
    assert fisher_ratio(class_statistics(constant, torch.tensor([0, 0, 1, 1])))[0] == 0
    collapsed = class_statistics(torch.tensor([[1.0, 3], [1, 5]]), torch.arange(2))
    assert fisher_ratio(collapsed).tolist() == [0.0, 1.0]  # no scale: the variance of the means


@pytest.mark.parametrize("gamma", [0.0, -1.0, float("nan"), float("inf")])
def test_the_ridge_of_a_ratio_must_be_positive(gamma: float) -> None:
    with pytest.raises(InputError, match="gamma is"):
        fisher_ratio(class_statistics(torch.eye(2), torch.arange(2)), gamma)
