"""The empirical Fisher information against autograd."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.cases import NETWORKS, context, sample_gradients, shares
from torch import nn

from leastloss.criteria import FisherDiagonal
from leastloss.models.layers import prunable_layers


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_scores_equal_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
    case = context(make())
    layers, counts = prunable_layers(case.model), shares(case.train, balanced=balanced)
    gradients = sample_gradients(case.model, case.train)
    scores = FisherDiagonal(balanced=balanced).score(case)
    assert list(scores) == list(case.masks)
    for name, layer in layers.items():
        squares = torch.einsum("n,n...->...", counts, gradients[name].square())
        expected = layer.weight.detach() ** 2 * squares / 2
        np.testing.assert_allclose(scores[name], expected, rtol=1e-8, atol=1e-13)
