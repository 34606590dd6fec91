"""Magnitude by hand."""

import numpy as np
import pytest
import torch
from tests.criteria.cases import NETWORKS, context, mlp
from torch import nn

from leastloss.criteria import Granularity, Magnitude
from leastloss.models import hidden_units, prunable_layers


@pytest.mark.parametrize("make", NETWORKS)
def test_weights_score_by_their_latent_magnitude(make: object) -> None:
    case = context(make())  # type: ignore[operator]  # one of three functions
    for name, score in Magnitude().score(case).items():
        latent = prunable_layers(case.model)[name].weight.detach()
        np.testing.assert_array_equal(score, latent.abs().numpy())


def test_units_score_by_the_norm_of_the_weights_that_are_left() -> None:
    case = context(mlp(), "unit")
    first = next(iter(hidden_units(case.model)))
    case.masks[first][2, :30] = False
    weights = case.model.get_submodule(first).weight.detach()
    score = Magnitude().score(case)[first]
    assert score[2] == pytest.approx(float((weights[2, 30:] ** 2).sum().sqrt()))
    assert score[0] == pytest.approx(float(torch.linalg.norm(weights[0])))


@pytest.mark.parametrize("granularity", ["weight", "unit"])
def test_layers_are_compared_as_they_are(granularity: Granularity) -> None:
    """No layer is rescaled: doubling its weights doubles its scores."""
    before = Magnitude().score(context(mlp(), granularity))
    model = mlp()
    first = next(layer for layer in model.modules() if isinstance(layer, nn.Linear))
    with torch.no_grad():
        first.weight *= 2
    after = Magnitude().score(context(model, granularity))
    one, *others = before
    np.testing.assert_allclose(after[one], 2 * before[one])
    assert all(np.array_equal(after[name], before[name]) for name in others)
