"""The share in the sensitivity of the loss against autograd."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.cases import NETWORKS, weights_and_gradients
from torch import nn

from leastloss.criteria import SNIP


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_scores_equal_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
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
