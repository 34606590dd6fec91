"""The first-order change of the loss against autograd."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.cases import NETWORKS, weights_and_gradients
from torch import nn

from leastloss.criteria import Taylor


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_scores_equal_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
    scores, weights, gradients, counts = weights_and_gradients(
        Taylor(balanced=balanced), make(), balanced=balanced
    )
    for name, weight in weights.items():
        sizes = torch.einsum("n,n...->...", counts, gradients[name].abs())
        np.testing.assert_allclose(scores[name], weight.abs() * sizes, rtol=1e-8, atol=1e-13)
