"""Directions in logit space: of the loss, and of pairs of classes."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.cases import (
    CLASSES,
    NETWORKS,
    context,
    shares,
    split,
)
from tests.criteria.logit_cases import jacobians
from torch import Tensor, nn

from leastloss.criteria.gauss_newton import GaussNewton
from leastloss.criteria.scoring.logit_directions import pair_columns
from leastloss.criteria.scoring.logit_moves import unit_moves
from leastloss.geometry import class_statistics, regularised_inverse


def test_the_metric_of_cross_entropy_is_the_curvature_of_the_loss() -> None:
    # With inputs of -1 and +1 input and slope are independent, so that the step is exact.
    model = nn.Sequential(nn.Flatten(), nn.Linear(32, CLASSES, bias=False)).double()
    train = split()
    train.x.copy_((train.x - train.x.mean()).sign())
    score = GaussNewton(metric="cross-entropy").score(context(model, train=train))["1"]
    counts = shares(train, balanced=True)

    def loss(weight: Tensor) -> Tensor:
        z = train.x.double().flatten(1) @ weight.view(CLASSES, 32).T
        each: Tensor = nn.functional.cross_entropy(z, train.y, reduction="none")
        return counts @ each

    weight = model[1].weight.detach()
    hessian = torch.autograd.functional.hessian(loss, weight.flatten())
    expected = weight.square() * hessian.diagonal().view(CLASSES, 32)
    np.testing.assert_allclose(score, expected, rtol=1e-8)


@pytest.mark.parametrize("make", NETWORKS)
def test_moves_along_pairs_are_shares_of_their_separation(make: Callable[[], nn.Module]) -> None:
    case = context(make())
    logits = case.model(case.train.x.double()).detach()
    found = class_statistics(logits, case.train.y)
    inverse = regularised_inverse(found.within, 0.01)
    moves = unit_moves(case, pair_columns(case))
    share = shares(case.train, balanced=True)
    for name, j in jacobians(case.model, case.train.x).items():
        for pair, (a, b) in enumerate(((0, 1), (0, 2), (1, 2))):
            gap = found.means[a] - found.means[b]
            column = inverse @ gap / (gap @ inverse @ gap)
            expected = share @ torch.einsum("ncbp,c->nbp", j, column).square().sum(dim=2)
            torch.testing.assert_close(moves[name][pair], expected, rtol=1e-6, atol=1e-12)
