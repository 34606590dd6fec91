"""The diagonal Gauss-Newton score against Jacobians taken sample by sample."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.cases import (
    CLASSES,
    NETWORKS,
    binary,
    context,
    mlp,
    residual,
    shares,
    split,
)
from torch import Tensor, nn

from leastloss.activations.observe import observing
from leastloss.criteria.gauss_newton import GaussNewton
from leastloss.criteria.scoring.logit_directions import METRICS, Fixed, metric_columns, pair_columns
from leastloss.criteria.scoring.logit_moves import unit_moves
from leastloss.criteria.wanda import input_moments
from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.geometry import class_statistics, regularised_inverse
from leastloss.models.layers import effective_weight, prunable_layers


def jacobians(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Of the logits by each layer's output, sample by sample: (n, C, units, positions)."""
    rows: dict[str, list[Tensor]] = {name: [] for name in prunable_layers(model)}
    for one in x.double():
        with observing(prunable_layers(model), lambda *_: None) as outputs:
            logits = model(one[None])[0]
        for name, output in outputs.items():
            slopes = [torch.autograd.grad(z, output, retain_graph=True)[0] for z in logits]
            rows[name].append(torch.stack(slopes)[:, 0].flatten(2 if output.ndim > 2 else 1))
    found = {name: torch.stack(each) for name, each in rows.items()}
    return {name: j if j.ndim == 4 else j[..., None] for name, j in found.items()}


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


@pytest.mark.parametrize("make", NETWORKS)
def test_many_columns_cost_a_backward_pass_for_each_logit_alone(
    make: Callable[[], nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, columns = context(make()), Fixed(torch.randn(CLASSES, 2 * CLASSES + 1))
    one_by_one = unit_moves(case, lambda logits: columns(logits))
    passes, grad = [], torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *a, **k: passes.append(1) or grad(*a, **k))
    at_once = unit_moves(case, columns)
    assert len(passes) == CLASSES
    for name, moves in one_by_one.items():
        torch.testing.assert_close(at_once[name], moves, rtol=1e-9, atol=1e-12)


def test_a_draw_of_samples_stands_for_all() -> None:
    case = context(mlp())
    columns = metric_columns(case, "logit")
    every = unit_moves(case, columns, balanced=False)
    same = unit_moves(case, columns, balanced=False, most=9)
    assert all(torch.equal(every[name], same[name]) for name in every)
    # Of the last layer the slope is 1, whatever the draw: weights must still add up to 1.
    for balanced in (True, False):
        for most in (1, 2, 4):
            some = unit_moves(case, columns, balanced=balanced, most=most)["layers.4"]
            torch.testing.assert_close(some, torch.eye(CLASSES).double(), rtol=1e-9, atol=1e-12)


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


def test_networks_that_cannot_be_probed_are_named() -> None:
    shared = nn.Linear(32, 32).double()
    twice = nn.Sequential(nn.Flatten(), shared, shared, nn.Linear(32, CLASSES).double())
    with pytest.raises(InputError, match="'1' runs twice"):
        GaussNewton().score(context(twice))
    shaped = nn.Sequential(mlp(), nn.Unflatten(1, (3, 1)))
    with pytest.raises(InputError, match=r"returns \(16, 3, 1\)"):
        GaussNewton().score(context(shaped))
    idle = mlp()
    idle.add_module("spare", nn.Linear(2, 2).double())
    with pytest.raises(InputError, match="layer 'spare' is not called"):
        GaussNewton().score(context(idle))
    gap = Split(split().x, split().y.clamp(min=1), CLASSES, (2,))
    with pytest.raises(InputError, match="class 0"):
        GaussNewton().score(context(mlp(), train=gap))
    endless = split()
    endless.x[3, 0, 0, 0] = torch.inf
    with pytest.raises(InputError, match="not finite"):
        GaussNewton().score(context(mlp(), train=endless))


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
