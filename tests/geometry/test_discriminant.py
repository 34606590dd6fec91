"""Inverses of the scatter, what is refused as one, and the ratio of each feature alone."""

import numpy as np
import pytest
import torch
from tests.geometry.cases import GAMMA, statistics
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
