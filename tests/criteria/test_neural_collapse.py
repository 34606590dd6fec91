"""The nc criterion against brute force, and that it leaves the network as it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.criteria import unit_cases
from tests.criteria.unit_cases import CLASSES, FEATURES, split
from torch import Tensor, nn

from leastloss.criteria.base import Granularity, Scores, ScoringContext
from leastloss.criteria.gauss_newton import GaussNewton
from leastloss.criteria.neural_collapse import NeuralCollapse
from leastloss.criteria.obs import OBS
from leastloss.criteria.scoring.logit_directions import METRICS, pair_columns
from leastloss.criteria.scoring.logit_moves import unit_moves
from leastloss.criteria.scoring.surgeon import surgeon_curvature
from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.geometry import (
    class_statistics,
    greedy_order,
    partial_fisher_pairs,
    regularised_inverse,
)
from leastloss.models import MLP, BinarizedMLP
from leastloss.models.layers import prunable_layers


def context(
    model: nn.Module, granularity: Granularity = "weight", data: Split | None = None
) -> ScoringContext:
    return unit_cases.context(model, data, granularity)


def mlp(seed: int = 0, hidden: tuple[int, ...] = (5, 4)) -> MLP:
    return unit_cases.mlp(hidden, seed)


def binary(seed: int = 0) -> BinarizedMLP:
    model = BinarizedMLP(FEATURES, (5, 4), CLASSES, generator=torch.Generator().manual_seed(seed))
    model(split().x)  # gives BatchNorm statistics
    return model


def proportional(scores: Scores, others: Scores) -> float:
    """The one factor between two sets of scores, over all layers."""
    assert list(scores) == list(others)
    factor = sum(s.sum() for s in scores.values()) / sum(s.sum() for s in others.values())
    for name, score in scores.items():
        np.testing.assert_allclose(score, factor * others[name], rtol=1e-9, atol=1e-15)
    return float(factor)


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("metric", METRICS)
def test_weights_are_scored_by_the_surgeon_or_by_the_diagonal(metric: str, balanced: bool) -> None:
    case = context(mlp())
    nc = NeuralCollapse(metric=metric, balanced=balanced, protect=0.0)
    obs = OBS(metric=metric, balanced=balanced).score(case)
    plain = GaussNewton(metric=metric, balanced=balanced).score(case)
    assert proportional(nc.score(case), obs) > 0
    assert proportional(replace(nc, curvature="diagonal").score(case), plain) > 0
    stiff = replace(nc, ridge=0.5).score(case)
    proportional(stiff, OBS(metric=metric, balanced=balanced, gamma=0.5).score(case))
    with pytest.raises(AssertionError):
        proportional(stiff, obs)


@pytest.mark.parametrize("latent", [True, False])
def test_weights_of_binary_layers_stay_as_they_are(latent: bool) -> None:
    case = context(binary())
    nc = NeuralCollapse(latent=latent, protect=0.0)
    proportional(nc.score(case), GaussNewton(latent=latent).score(case))


def test_the_worst_pair_of_a_unit_s_moves() -> None:
    case = context(mlp())
    moves = unit_moves(case, pair_columns(case))
    curvature = surgeon_curvature(case, gamma=1e-3, balanced=True)
    layers = prunable_layers(case.model)
    expected = {
        name: (
            layers[name].weight.detach().double().square()
            * curvature[name]
            * moves[name].amax(dim=0)[:, None]
        ).numpy()
        for name in layers
    }
    found = NeuralCollapse(protect=1.0).score(case)
    factor = proportional(found, expected)
    assert factor == pytest.approx(1 / sum(float(m.amax(dim=0).sum()) for m in moves.values()))
    low, half = (NeuralCollapse(protect=p).score(case) for p in (0.0, 0.5))
    for name in found:
        np.testing.assert_allclose(half[name], (low[name] + found[name]) / 2, rtol=1e-9)


def features(model: nn.Module, case: ScoringContext, until: int) -> Tensor:
    x = 2 * case.train.x - 1 if isinstance(model, BinarizedMLP) else case.train.x
    values: Tensor = model.layers[:until](x)
    return values.detach()


@pytest.mark.parametrize(("make", "ends"), [(mlp, (2, 4)), (binary, (3, 6))])
def test_unit_scores_are_the_worst_pair_of_the_activations(
    make: type, ends: tuple[int, int]
) -> None:
    case = context(make(), "unit")
    scores = NeuralCollapse().score(case)
    assert [len(score) for score in scores.values()] == [5, 4]
    for score, end in zip(scores.values(), ends, strict=True):
        found = class_statistics(features(case.model, case, end), case.train.y)
        inverse = regularised_inverse(found.within, 0.01)
        np.testing.assert_allclose(score, partial_fisher_pairs(inverse, found.means), atol=1e-9)


def test_pruned_parts_take_no_part() -> None:
    case = context(mlp(hidden=(6, 4)), "unit")
    name = "layers.0"
    case.masks[name][[1, 4]] = False
    layer = prunable_layers(case.model)[name]
    with torch.no_grad():
        layer.weight[[1, 4]] = 0.0
        layer.bias[[1, 4]] = 5.0
    score = NeuralCollapse().score(case)[name]
    assert np.flatnonzero(np.isnan(score)).tolist() == [1, 4]
    kept = [0, 2, 3, 5]
    found = class_statistics(features(case.model, case, 2)[:, kept], case.train.y)
    expected = partial_fisher_pairs(regularised_inverse(found.within, 0.01), found.means)
    np.testing.assert_allclose(score[kept], expected, atol=1e-9)
    order = NeuralCollapse().removal_order(case, 8)
    assert order is not None
    assert sorted(order.tolist()) == [0, 2, 3, 5, 6, 7, 8, 9]
    weights = NeuralCollapse().score(replace(case, granularity="weight"))
    assert np.isnan(weights[name][[1, 4]]).all()
    assert np.isfinite(weights[name][kept]).all()


def test_a_layer_without_units_is_all_nan() -> None:
    case = context(mlp(), "unit")
    case.masks["layers.0"][:] = False
    scores = NeuralCollapse().score(case)
    assert np.isnan(scores["layers.0"]).all()
    assert np.isfinite(scores["layers.2"]).all()
    order = NeuralCollapse().removal_order(case, 4)
    assert order is not None
    assert sorted(order.tolist()) == [5, 6, 7, 8]


@pytest.mark.parametrize("make", [mlp, binary])
def test_the_order_of_units_scores_again_after_every_removal(make: type) -> None:
    case = context(make(), "unit")
    order = NeuralCollapse().removal_order(case, 9)
    again = NeuralCollapse().removal_order(context(make(), "unit"), 4)
    assert order is not None
    assert again is not None
    assert sorted(order.tolist()) == list(range(9))
    assert again.tolist() == order.tolist()[:4]
    assert order.dtype == np.int64
    weights = NeuralCollapse().removal_order(replace(case, granularity="weight"), 3)
    assert (weights is None) == (make is binary)  # these cannot be fitted again


def test_with_one_hidden_layer_the_order_is_the_greedy_path() -> None:
    case = context(mlp(hidden=(8,)), "unit")
    found = class_statistics(features(case.model, case, 2), case.train.y)
    order = NeuralCollapse().removal_order(case, 8)
    assert order is not None
    dead = int((found.means.abs().sum(0) == 0).sum())  # equal losses: chance decides
    assert order[dead:].tolist() == greedy_order(found)[dead:].tolist()


def test_protect_moves_from_the_mean_to_the_worst_pair() -> None:
    case = context(mlp(), "unit")
    low, half, high = (NeuralCollapse(protect=p).score(case)["layers.0"] for p in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(half, (low + high) / 2, atol=1e-12)
    assert (low <= high + 1e-12).all()  # a mean of shares is at most the largest share


@pytest.mark.parametrize("granularity", ["weight", "unit"])
@pytest.mark.parametrize("make", [mlp, binary])
def test_the_network_is_left_as_it_was(make: type, granularity: Granularity) -> None:
    case = context(make(), granularity)
    case.model.train()
    next(iter(case.model.layers)).eval()
    state = {name: value.clone() for name, value in case.model.state_dict().items()}
    modes = [module.training for module in case.model.modules()]
    for parameter in case.model.parameters():
        parameter.grad = torch.ones_like(parameter)
    NeuralCollapse().score(case)
    assert [module.training for module in case.model.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in case.model.state_dict().items())
    assert all((p.grad == 1).all() for p in case.model.parameters() if p.grad is not None)
    assert not any(module._forward_hooks for module in case.model.modules())


class Failing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("no forward here")


@pytest.mark.parametrize("granularity", ["weight", "unit"])
def test_an_error_in_the_network_leaves_no_hook(granularity: Granularity) -> None:
    model = nn.Sequential(nn.Linear(FEATURES, 4), Failing(), nn.Linear(4, CLASSES))
    case = context(model, granularity)
    model.train()
    with pytest.raises(RuntimeError, match="no forward here"):
        NeuralCollapse(metric="logit", protect=0.5).score(case)
    assert not any(module._forward_hooks for module in model.modules())
    assert all(module.training for module in model.modules())


def test_frozen_parameters_and_activations_in_place_change_nothing() -> None:
    plain = mlp()
    inplace = nn.Sequential(
        nn.Flatten(),
        *(nn.ReLU(inplace=True) if isinstance(m, nn.ReLU) else m for m in plain.layers),
    ).requires_grad_(requires_grad=False)
    with torch.no_grad():
        frozen = NeuralCollapse().score(context(inplace))
    for mine, theirs in zip(
        frozen.values(), NeuralCollapse().score(context(mlp())).values(), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


def test_the_same_seed_gives_the_same_bits() -> None:
    first, second = (NeuralCollapse().score(context(binary())) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_one_sample_per_class_and_dead_units_have_finite_scores() -> None:
    model = mlp()
    with torch.no_grad():
        model.layers[0].bias[0] = -100.0
    tiny = Split(torch.rand(3, FEATURES), torch.arange(3), CLASSES, (2,))
    for granularity in ("weight", "unit"):
        scores = NeuralCollapse().score(context(model, granularity, tiny))
        assert all(np.isfinite(score).all() for score in scores.values())
        assert (scores["layers.0"][0] == 0).all()


@pytest.mark.parametrize("granularity", ["weight", "unit"])
def test_bad_networks_and_data_are_named(granularity: Granularity) -> None:
    missing = Split(torch.rand(2, FEATURES), torch.tensor([0, 2]), CLASSES, (2,))
    with pytest.raises(InputError, match="class 1"):
        NeuralCollapse().score(context(mlp(), granularity, missing))
    endless = split()
    endless.x[3, 0] = torch.inf
    with pytest.raises(InputError, match="not finite"):
        NeuralCollapse().score(context(mlp(), granularity, endless))
    case = context(mlp(), granularity)
    with torch.no_grad():
        case.model.layers[0].weight[0, 0] = torch.nan
    with pytest.raises(InputError, match=r"layer 'layers\.0' has weights that are not finite"):
        NeuralCollapse().score(case)


def test_networks_that_cannot_be_probed_are_named() -> None:
    shared = nn.Linear(FEATURES, FEATURES)
    twice = nn.Sequential(shared, nn.ReLU(), shared, nn.Linear(FEATURES, CLASSES))
    with pytest.raises(InputError, match="'0' runs twice"):
        NeuralCollapse().score(context(twice))
    with pytest.raises(InputError, match=r"returns \(22, 3, 1\)"):
        NeuralCollapse().score(context(nn.Sequential(*mlp().layers, nn.Unflatten(1, (3, 1)))))
    idle = mlp()
    idle.add_module("spare", nn.Linear(2, 2))
    with pytest.raises(InputError, match="layer 'spare' is not called"):
        NeuralCollapse().score(context(idle))
    with pytest.raises(InputError, match="no hidden layer"):
        NeuralCollapse().score(context(nn.Linear(FEATURES, CLASSES), "unit"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gamma": 0.0}, "gamma is 0"),
        ({"protect": 1.5}, "protect is 1.5"),
        ({"ridge": float("inf")}, "ridge is inf"),
        ({"metric": "logits"}, "did you mean 'logit'"),
        ({"metric": "logit"}, "metric is 'logit'; it weighs the mean, which protect=1 leaves out"),
        ({"curvature": "surgeons"}, "did you mean 'surgeon'"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        NeuralCollapse(**options)
