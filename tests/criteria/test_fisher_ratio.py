"""The Fisher ratio of single units against NumPy."""

import numpy as np
import pytest
import torch
from tests.criteria.cases import context, mlp
from torch import nn

from leastloss.criteria import CRITERIA
from leastloss.criteria.fisher_ratio import FisherRatio
from leastloss.errors import InputError


def activations(model: nn.Module, x: torch.Tensor) -> np.ndarray:
    """What the first hidden layer hands on."""
    seen: list[torch.Tensor] = []
    relu = next(module for module in model.modules() if isinstance(module, nn.ReLU))
    handle = relu.register_forward_hook(lambda module, inputs, output: seen.append(output))
    with torch.inference_mode():
        model(x)
    handle.remove()
    return seen[0].numpy()


@pytest.mark.parametrize("balanced", [True, False])
def test_between_over_within_class_variance(balanced: bool) -> None:
    case = context(mlp(), "unit")
    h, y = activations(case.model, case.train.x.double()), case.train.y.numpy()
    counts = np.bincount(y)
    weight = np.full(3, 1 / 3) if balanced else counts / counts.sum()
    means = np.array([h[y == k].mean(axis=0) for k in range(3)])
    within = weight @ np.array([h[y == k].var(axis=0) for k in range(3)])
    between = weight @ (means - weight @ means) ** 2
    scores = FisherRatio(gamma=0.1, balanced=balanced).score(case)
    first = next(iter(scores.values()))
    np.testing.assert_allclose(first, between / (within + 0.1 * within.mean()))


def test_it_scores_units_only_and_refuses_options_out_of_range() -> None:
    assert CRITERIA["fisher-ratio"]().units_only
    for options in ({"gamma": 0.0}, {"shrinkage": -1.0}):
        with pytest.raises(InputError):
            FisherRatio(**options)
