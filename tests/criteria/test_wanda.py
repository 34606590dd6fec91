"""Wanda against the size of what a weight adds."""

import numpy as np
import pytest
import torch
from tests.criteria.cases import NETWORKS, context, mlp, shares
from torch.nn import functional

from leastloss.criteria import (
    Wanda,
)


@pytest.mark.parametrize("balanced", [True, False])
def test_wanda_is_the_size_of_what_a_weight_adds(balanced: bool) -> None:
    case = context(mlp())
    counts, layers = shares(case.train, balanced=balanced), list(case.model.layers)
    x = case.train.x.double().flatten(1)
    for i in (0, 2, 4):
        weight = layers[i].weight.detach()
        added = weight[None] * x[:, None, :]  # (n, out, in)
        expected = torch.einsum("n,noi->oi", counts, added.square()).sqrt()
        score = Wanda(balanced=balanced).score(case)[f"layers.{i}"]
        np.testing.assert_allclose(score, expected, rtol=1e-10)
        x = layers[i](x).relu().detach()


def test_wanda_averages_over_the_positions_of_a_convolution() -> None:
    case = context(NETWORKS[2]())
    score = Wanda(balanced=False).score(case)["one"]
    patches = functional.unfold(case.train.x.double(), 3, padding=1).unflatten(1, (2, 1, 9))
    moments = patches.square().mean(dim=(0, 4)).repeat_interleave(2, dim=0).view(4, 1, 3, 3)
    expected = case.model.one.weight.detach().abs() * moments.sqrt()
    np.testing.assert_allclose(score, expected, rtol=1e-10)
