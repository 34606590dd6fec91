"""The empirical Fisher information against autograd."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.cases import NETWORKS, weights_and_gradients
from torch import nn

from leastloss.criteria import FisherDiagonal


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_scores_equal_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
    scores, weights, gradients, counts = weights_and_gradients(
        FisherDiagonal(balanced=balanced), make(), balanced=balanced
    )
    for name, weight in weights.items():
        squares = torch.einsum("n,n...->...", counts, gradients[name].square())
        np.testing.assert_allclose(scores[name], weight**2 * squares / 2, rtol=1e-8, atol=1e-13)
