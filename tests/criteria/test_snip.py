"""The share in the sensitivity of the loss against autograd."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.cases import NETWORKS, context, sample_gradients, shares
from torch import nn

from leastloss.criteria import SNIP
from leastloss.models.layers import prunable_layers


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_scores_equal_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
    case = context(make())
    layers, counts = prunable_layers(case.model), shares(case.train, balanced=balanced)
    gradients = sample_gradients(case.model, case.train)
    scores = SNIP(balanced=balanced).score(case)
    assert list(scores) == list(case.masks)
    sizes = {
        name: (layer.weight.detach() * torch.einsum("n,n...->...", counts, gradients[name])).abs()
        for name, layer in layers.items()
    }
    total = sum(float(size.sum()) for size in sizes.values())
    for name, size in sizes.items():
        np.testing.assert_allclose(scores[name], size / total, atol=1e-12)
    assert sum(score.sum() for score in scores.values()) == pytest.approx(1)
