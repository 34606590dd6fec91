"""Discriminant losses against fitting the discriminant again, and the greedy path against both."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry import (
    ClassStatistics,
    Separation,
    class_statistics,
    eliminate,
    greedy_order,
    partial_fisher,
    partial_fisher_pairs,
    regularised_inverse,
    remove,
)

GAMMA = 0.01


def statistics(seed: int = 0, d: int = 6, classes: int = 4, n: int = 60) -> ClassStatistics:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    means = torch.randn(classes, d, dtype=torch.float64, generator=generator)
    mix = torch.randn(d, d, dtype=torch.float64, generator=generator)  # correlated features
    noise = torch.randn(n, d, dtype=torch.float64, generator=generator) @ mix
    return class_statistics(means[labels] + noise, labels)


def refit(found: ClassStatistics, kept: list[int]) -> tuple[float, dict[tuple[int, int], float]]:
    """Separation of the kept features, mean and by pair, with the ridge of all features."""
    ridge = GAMMA * found.within.trace() / len(found.within)
    block = found.within[kept][:, kept] + ridge * torch.eye(len(kept), dtype=torch.float64)
    inverse = torch.linalg.inv(block)
    whole = float((inverse @ found.between[kept][:, kept]).trace())
    pairs = {}
    for a, b in combinations(range(len(found.means)), 2):
        gap = (found.means[a] - found.means[b])[kept]
        pairs[a, b] = float(gap @ inverse @ gap)
    return whole, pairs


def brute_losses(found: ClassStatistics, kept: list[int], protect: float) -> dict[int, float]:
    whole, pairs = refit(found, kept)
    losses = {}
    for unit in kept:
        less, fewer = refit(found, [j for j in kept if j != unit])
        worst = max(1 - fewer[pair] / pairs[pair] for pair in pairs)
        losses[unit] = protect * worst + (1 - protect) * (1 - less / whole)
    return losses


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
