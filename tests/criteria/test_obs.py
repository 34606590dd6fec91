"""OBS: the rise of a row's error when a weight goes and the rest is fitted again."""

import numpy as np
import pytest
import torch
from tests.criteria.cases import CLASSES, binary, context, mlp, residual, split
from torch import nn

from leastloss.activations import Draws, input_second_moments, ridge_of
from leastloss.criteria import Wanda
from leastloss.criteria.gauss_newton import GaussNewton
from leastloss.criteria.obs import OBS
from leastloss.criteria.scoring.surgeon import surgeon_curvature
from leastloss.criteria.wanda import input_moments
from leastloss.errors import InputError
from leastloss.models.layers import prunable_layers


def test_the_score_is_the_rise_of_the_error_of_a_fitted_row() -> None:
    # One layer whose weights are the ridge fit to some targets: then the score is exact.
    train, gamma = split(), 0.05
    model = nn.Sequential(nn.Flatten(), nn.Linear(32, CLASSES)).double()
    drawn = Draws().draw(train, model)
    moments = dict(input_second_moments(model, {"1": model[1]}, drawn))["1"][0]
    s = moments + torch.diag(ridge_of(model[1], moments, gamma))
    x = torch.cat([train.x.flatten(1), torch.ones(len(train), 1)], dim=1).double()
    z = torch.randn(len(train), CLASSES, generator=torch.Generator().manual_seed(0)).double()
    cross = x.T @ (drawn.weights[:, None] * z)

    def fit(kept: list[int], unit: int) -> tuple[torch.Tensor, float]:
        w = torch.linalg.solve(s[kept][:, kept], cross[kept, unit])
        return w, float(w @ s[kept][:, kept] @ w - 2 * cross[kept, unit] @ w)

    everything = list(range(33))
    with torch.no_grad():
        for unit in range(CLASSES):
            w, _ = fit(everything, unit)
            model[1].weight[unit], model[1].bias[unit] = w[:-1], w[-1]
    score = OBS(gamma=gamma).score(context(model, train=train))["1"]
    for unit in range(CLASSES):
        _, least = fit(everything, unit)
        for a in range(32):
            _, without = fit([i for i in everything if i != a], unit)
            assert without - least == pytest.approx(score[unit, a], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("make", [mlp, residual, binary])
@pytest.mark.parametrize("balanced", [True, False])
def test_squared_weight_times_curvature_times_move(make: type, balanced: bool) -> None:
    case = context(make())
    curvature = surgeon_curvature(case, gamma=1e-3, balanced=balanced)
    layers = prunable_layers(case.model)
    plain = OBS(balanced=balanced).score(case)
    # The diagonal score has the mean squared input in place of the curvature.
    diagonal = GaussNewton(metric="logit", balanced=balanced).score(case)
    inputs = input_moments(case, balanced=balanced)
    moved = OBS(metric="logit", balanced=balanced).score(case)
    for name, layer in layers.items():
        w = layer.weight.detach()
        np.testing.assert_allclose(plain[name], w.square() * curvature[name], rtol=1e-9)
        np.testing.assert_allclose(
            moved[name] * inputs[name].expand_as(w).numpy(),
            diagonal[name] * curvature[name].numpy(),
            rtol=1e-7,
            atol=1e-14,
        )


def test_fitting_again_costs_less_than_leaving_as_it_is() -> None:
    case = context(mlp())
    obs, wanda = OBS(gamma=1e-6).score(case), Wanda().score(case)
    for name, score in obs.items():  # up to the ridge
        assert (score <= wanda[name] ** 2 * (1 + 1e-3) + 1e-5).all()
    assert (obs["layers.0"] < 0.5 * wanda["layers.0"] ** 2).mean() > 0.5


def test_independent_inputs_are_wanda() -> None:
    # With a diagonal S nothing can stand in for a weight.
    model = nn.Sequential(nn.Flatten(), nn.Linear(32, CLASSES, bias=False)).double()
    train = split((12, 12, 8))
    train.x.copy_(torch.eye(32).view(32, 2, 4, 4))
    case = context(model, train=train)
    obs, wanda = OBS(gamma=1e-9).score(case)["1"], Wanda().score(case)["1"]
    np.testing.assert_allclose(obs, wanda**2, rtol=1e-6)


def test_noise_reaches_the_moments() -> None:
    case = context(mlp())
    assert not np.allclose(OBS(noise=0.3).score(case)["layers.0"], OBS().score(case)["layers.0"])


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"gamma": 0.0}, "gamma is 0"),
        ({"gamma": float("inf")}, "gamma is inf"),
        ({"noise": -1.0}, "noise -1"),
        ({"metric": "logits"}, "did you mean 'logit'"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], line: str) -> None:
    with pytest.raises(InputError, match=line):
        OBS(**options)  # type: ignore[arg-type]  # of several types
