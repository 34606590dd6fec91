"""Changes of the loss by single weights against autograd."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.cases import NETWORKS, weights_and_gradients
from torch import nn

from leastloss.criteria import SNIP, FisherDiagonal, Taylor


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_taylor_equals_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
    scores, weights, gradients, counts = weights_and_gradients(
        Taylor(balanced=balanced), make(), balanced=balanced
    )
    for name, weight in weights.items():
        sizes = torch.einsum("n,n...->...", counts, gradients[name].abs())
        np.testing.assert_allclose(scores[name], weight.abs() * sizes, rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_the_fisher_diagonal_equals_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
    scores, weights, gradients, counts = weights_and_gradients(
        FisherDiagonal(balanced=balanced), make(), balanced=balanced
    )
    for name, weight in weights.items():
        squares = torch.einsum("n,n...->...", counts, gradients[name].square())
        np.testing.assert_allclose(scores[name], weight**2 * squares / 2, rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_snip_equals_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
    scores, weights, gradients, counts = weights_and_gradients(
        SNIP(balanced=balanced), make(), balanced=balanced
    )
    sizes = {
        name: (weight * torch.einsum("n,n...->...", counts, gradients[name])).abs()
        for name, weight in weights.items()
    }
    total = sum(float(size.sum()) for size in sizes.values())
    for name, size in sizes.items():
        np.testing.assert_allclose(scores[name], size / total, atol=1e-12)
    assert sum(score.sum() for score in scores.values()) == pytest.approx(1)
