"""The margin score against the closed form and against taking units out of the network."""

from statistics import NormalDist

import numpy as np
import pytest
import torch
from tests.criteria.margin_cases import CLASSES, context, mlp
from torch import Tensor

from leastloss.criteria import Margin
from leastloss.geometry import class_statistics, linear_margins, margin_loss


def confused(logits: Tensor, y: Tensor, floor: float) -> float:
    total = 0.0
    for c in range(CLASSES):
        for rival in set(range(CLASSES)) - {c}:
            margin = (logits[y == c][:, c] - logits[y == c][:, rival]).double().numpy()
            total += NormalDist().cdf(-margin.mean() / (margin.var() + floor) ** 0.5) / CLASSES
    return total


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("balanced", [True, False])
def test_the_last_layer_has_the_closed_form(balanced: bool, folded: bool) -> None:
    case = context(mlp())
    features = case.model.layers[:4](case.train.x).detach()
    found = class_statistics(features, case.train.y, balanced=balanced, keep_covariances=True)
    head = case.model.layers[4]
    expected = margin_loss(linear_margins(found, head.weight, head.bias, folded=folded), 0.05)
    score = Margin(gamma=0.05, balanced=balanced, folded=folded).score(case)
    np.testing.assert_allclose(score["layers.2"], expected, atol=1e-5)


def test_a_hidden_layer_is_exact_where_no_gate_switches() -> None:
    model = mlp()
    with torch.no_grad():
        model.layers[2].bias += 50.0  # the second hidden layer always fires, so all is linear
    case = context(model)
    x, y = case.train.x, case.train.y
    logits = model(x).detach()
    spreads = [
        (logits[y == c][:, c] - logits[y == c][:, k]).double().numpy().var()
        for c in range(CLASSES)
        for k in range(CLASSES)
        if k != c
    ]
    floor = 0.01 * float(np.mean(spreads))
    score = Margin().score(case)["layers.0"]
    for unit in range(5):
        with torch.no_grad():
            kept = model.layers[2].weight[:, unit].clone()
            model.layers[2].weight[:, unit] = 0.0
            after = model(x)
            model.layers[2].weight[:, unit] = kept
        expected = confused(after, y, floor) - confused(logits, y, floor)
        assert score[unit] == pytest.approx(expected, abs=1e-4)
