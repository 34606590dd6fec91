"""The diagonal Gauss-Newton score against Jacobians taken sample by sample."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.cases import (
    CLASSES,
    binary,
    context,
    mlp,
    residual,
    shares,
    split,
)
from tests.criteria.logit_cases import jacobians
from torch import Tensor, nn

from leastloss.criteria.gauss_newton import GaussNewton
from leastloss.criteria.scoring.logit_directions import METRICS, pair_columns
from leastloss.criteria.scoring.logit_moves import unit_moves
from leastloss.criteria.wanda import input_moments
from leastloss.errors import InputError
from leastloss.geometry import class_statistics, regularised_inverse
from leastloss.models.layers import effective_weight, prunable_layers


def metric_matrices(metric: str, logits: Tensor, y: Tensor, *, balanced: bool) -> Tensor:
    """F of each sample, shape (n, C, C)."""
    n, c = logits.shape
    if metric == "logit":
        return torch.eye(c).double().expand(n, c, c)
    if metric == "cross-entropy":
        p = logits.softmax(1)
        return torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    found = class_statistics(logits, y, balanced=balanced)
    inverse = regularised_inverse(found.within, 0.01)
    return (inverse @ found.between @ inverse).expand(n, c, c)


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("make", "latent"), [(mlp, True), (residual, True), (binary, True), (binary, False)]
)
def test_scores_equal_the_brute_force_jacobian(
    make: Callable[[], nn.Module], latent: bool, metric: str, balanced: bool
) -> None:
    case = context(make())
    y, share = case.train.y, shares(case.train, balanced=balanced)
    logits = case.model(case.train.x.double()).detach()
    matrices = metric_matrices(metric, logits, y, balanced=balanced)
    inputs = input_moments(case, balanced=balanced)  # tests/criteria/test_wanda.py
    scores = GaussNewton(metric=metric, balanced=balanced, latent=latent).score(case)
    assert list(scores) == list(case.masks)
    for name, j in jacobians(case.model, case.train.x).items():
        moves = share @ torch.einsum("ncbp,nce,nebp->nb", j, matrices, j)
        layer = prunable_layers(case.model)[name]
        weight = (layer.weight.detach() if latent else effective_weight(layer)).double()
        per_unit = moves.view(-1, *(1,) * (weight.ndim - 1))
        assert scores[name].dtype == np.float64
        expected = weight.square() * inputs[name] * per_unit
        np.testing.assert_allclose(scores[name], expected, rtol=1e-7, atol=1e-13)


def test_scores_predict_the_move_of_the_logits_of_a_linear_network() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(32, CLASSES, bias=False))
    case = context(model)
    score = GaussNewton(metric="logit", balanced=False).score(case)["1"]
    with torch.no_grad():
        before = model(case.train.x)
        model[1].weight[2, 4] = 0.0
        moved = (model(case.train.x) - before).square().sum(dim=1).mean()
    assert score[2, 4] == pytest.approx(float(moved), rel=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_a_network_that_tells_no_classes_apart_has_finite_scores(metric: str) -> None:
    model = mlp()
    with torch.no_grad():
        model.layers[4].weight.zero_()  # constant logits
    scores = GaussNewton(metric=metric).score(context(model))
    assert all(np.isfinite(score).all() for score in scores.values())
    assert all((score == 0).all() for score in scores.values())
    moves = unit_moves(context(model), pair_columns(context(model)))
    assert all(float(m.amax(dim=0).sum()) == 0 for m in moves.values())


@pytest.mark.parametrize("metric", METRICS)
def test_one_sample_per_class_and_dead_units(metric: str) -> None:
    model = mlp()
    with torch.no_grad():
        model.layers[0].bias[0] = -100.0
    scores = GaussNewton(metric=metric).score(context(model, train=split((1, 1, 1))))
    assert all(np.isfinite(score).all() for score in scores.values())
    assert (scores["layers.0"][0] == 0).all()
    assert (scores["layers.2"][:, 0] == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gamma": 0.0}, "gamma is 0"),
        ({"gamma": float("nan")}, "gamma is nan"),
        ({"metric": "logits"}, "did you mean 'logit'"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        GaussNewton(**options)  # type: ignore[arg-type]  # of several types
