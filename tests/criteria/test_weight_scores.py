"""Scores of weights against brute force, and what holds for all of them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from tests.criteria.cases import CLASSES, NETWORKS, Residual, binary, context, mlp, shares, split
from torch import Tensor, nn
from torch.nn import functional

from leastloss.activations import observe
from leastloss.criteria import (
    SNIP,
    Criterion,
    FisherDiagonal,
    LDATaylor,
    ScatterSlope,
    Taylor,
    Wanda,
    as_criterion,
)
from leastloss.criteria.lda_taylor import separation_slope, separation_terms
from leastloss.data import Split, Withheld
from leastloss.errors import InputError
from leastloss.geometry import class_statistics
from leastloss.models.layers import effective_weight, prunable_layers
from leastloss.pruning import prune

SEEN: list[Callable[..., Criterion]] = [
    Wanda,
    Taylor,
    SNIP,
    FisherDiagonal,
    LDATaylor,
    ScatterSlope,
]
"""All that look at data."""


def sample_gradients(model: nn.Module, train: Split) -> dict[str, Tensor]:
    """Gradient of each sample's cross-entropy, by layer, shape (n, *weight.shape)."""
    layers = prunable_layers(model)
    rows: dict[str, list[Tensor]] = {name: [] for name in layers}
    for x, y in zip(train.x.double(), train.y, strict=True):
        loss = functional.cross_entropy(model(x[None]), y[None])
        found = torch.autograd.grad(loss, [layer.weight for layer in layers.values()])
        for name, gradient in zip(layers, found, strict=True):
            rows[name].append(gradient)
    return {name: torch.stack(each) for name, each in rows.items()}


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_scores_of_the_loss_equal_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
    case = context(make())
    layers, counts = prunable_layers(case.model), shares(case.train, balanced=balanced)
    each = sample_gradients(case.model, case.train)
    mean = {n: torch.einsum("n,n...->...", counts, g) for n, g in each.items()}
    sizes = {n: torch.einsum("n,n...->...", counts, g.abs()) for n, g in each.items()}
    squares = {n: torch.einsum("n,n...->...", counts, g.square()) for n, g in each.items()}
    snip, taylor, fisher = (
        make(balanced=balanced).score(case) for make in (SNIP, Taylor, FisherDiagonal)
    )
    total = sum(float((layers[n].weight.detach() * mean[n]).abs().sum()) for n in layers)
    assert list(snip) == list(taylor) == list(fisher) == list(case.masks)
    for name, layer in layers.items():
        w = layer.weight.detach()
        np.testing.assert_allclose(taylor[name], w.abs() * sizes[name], rtol=1e-8, atol=1e-13)
        np.testing.assert_allclose(fisher[name], w**2 * squares[name] / 2, rtol=1e-8, atol=1e-13)
        np.testing.assert_allclose(snip[name], (w * mean[name]).abs() / total, atol=1e-12)
    assert sum(score.sum() for score in snip.values()) == pytest.approx(1)


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


def separation(features: Tensor, y: Tensor, gamma: float, *, balanced: bool, fixed: bool) -> Tensor:
    """J = tr(Q S_B), every step differentiable; ``fixed`` holds the ridge."""
    part = torch.bincount(y).double() / len(y)
    if balanced:
        part = torch.full_like(part, 1 / len(part))
    means = torch.stack([features[y == c].mean(dim=0) for c in range(len(part))])
    off = features - means[y]
    within = sum(p * off[y == c].T @ off[y == c] / int((y == c).sum()) for c, p in enumerate(part))
    centred = means - part @ means
    between = centred.T @ (part[:, None] * centred)
    ridge = gamma * within.trace() / len(within)
    eye = torch.eye(len(within), dtype=within.dtype)
    inverse = torch.linalg.inv(within + (ridge.detach() if fixed else ridge) * eye)
    return (inverse @ between).trace()


@pytest.mark.parametrize("balanced", [True, False])
def test_the_slope_of_the_separation_is_exact_with_and_without_the_ridge(balanced: bool) -> None:
    y = split().y
    h = torch.randn(len(y), 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    h = (h + y[:, None]).requires_grad_()
    found = class_statistics(h.detach(), y, balanced=balanced)
    terms = separation_terms(found, 0.3)
    counts = shares(split(), balanced=balanced)[:, None]
    slopes = [
        torch.autograd.grad(separation(h, y, 0.3, balanced=balanced, fixed=fixed), h)[0]
        for fixed in (False, True)
    ]
    torch.testing.assert_close(counts * separation_slope(terms, h.detach(), y), slopes[0])
    # The textbook form, without the part of the ridge, is the slope at a ridge that is held.
    inverse = torch.linalg.inv(found.within + 0.3 * found.within.trace() / 4 * torch.eye(4))
    held = (*terms[:2], inverse @ found.between @ inverse)
    torch.testing.assert_close(counts * separation_slope(held, h.detach(), y), slopes[1])
    assert not torch.allclose(slopes[0], slopes[1])


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_lda_taylor_equals_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
    case = context(make())
    layers = prunable_layers(case.model)
    logits = case.model(case.train.x.double())
    j = separation(logits, case.train.y, 0.05, balanced=balanced, fixed=False)
    gradients = torch.autograd.grad(j, [layer.weight for layer in layers.values()])
    score = LDATaylor(gamma=0.05, balanced=balanced).score(case)
    for (name, layer), gradient in zip(layers.items(), gradients, strict=True):
        expected = (layer.weight.detach() * gradient).abs()
        np.testing.assert_allclose(score[name], expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("score", [Wanda, Taylor, SNIP, FisherDiagonal, LDATaylor])
def test_latent_or_effective_weights_of_binary_layers(score: Callable[..., Criterion]) -> None:
    case = context(binary())
    latent, effective = (score(latent=flag).score(case) for flag in (True, False))
    ratios = []
    for name, layer in prunable_layers(case.model).items():
        w = layer.weight.detach().numpy()
        power = 2 if score is FisherDiagonal else 1
        assert set(effective_weight(layer).unique().tolist()) == {-1, 1}
        kept = effective[name] > 1e-12
        ratios.append((latent[name][kept] / effective[name][kept]) / np.abs(w[kept]) ** power)
    flat = np.concatenate(ratios)
    np.testing.assert_allclose(flat, flat[0], rtol=1e-9)  # SNIP's total is another one
    assert score is SNIP or flat[0] == pytest.approx(1)


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("score", SEEN)
def test_the_size_of_the_batches_changes_nothing(
    score: Callable[..., Criterion], make: Callable[[], nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score().score(context(make()))
    monkeypatch.setattr(observe, "BATCH", 3)
    monkeypatch.setattr(observe, "CONVOLUTION_BATCH", 5)
    for name, values in score().score(context(make())).items():
        np.testing.assert_allclose(values, whole[name], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("score", SEEN)
def test_balanced_scores_do_not_count_samples(
    score: Callable[..., Criterion], make: Callable[[], nn.Module]
) -> None:
    plain = split()
    twice = plain.subset([*range(len(plain)), *range(9)])  # class 0 once more
    for balanced in (True, False):
        own = score(balanced=balanced)
        first, second = (own.score(context(make(), train=train)) for train in (plain, twice))
        close = all(np.allclose(first[n], second[n], rtol=1e-8, atol=1e-13) for n in first)
        assert close == balanced
    equal = context(make(), train=split((4, 4, 4)))
    mine, other = (score(balanced=flag).score(equal) for flag in (True, False))
    for name in mine:
        np.testing.assert_allclose(mine[name], other[name], rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("score", ["wanda", "taylor", "snip", "fisher-diagonal", "lamp",
                                   "lda-taylor", "scatter-slope"])  # fmt: skip
@pytest.mark.parametrize("make", [mlp, binary])
def test_a_unit_is_worth_its_kept_incoming_weights(
    score: str, make: Callable[[], nn.Module]
) -> None:
    case = context(make())
    first, second, last = case.masks
    case.masks[first][1, ::2] = False
    case.masks[second][:, 4] = False
    weights = as_criterion(score).score(case)
    units = as_criterion(score).score(replace(case, granularity="unit"))
    assert list(units) == [first, second]
    assert np.isnan(weights[first][1, ::2]).all()
    assert np.isfinite(weights[last]).all()
    for name, values in units.items():
        np.testing.assert_allclose(values, np.nansum(weights[name], axis=1), rtol=1e-9)


@pytest.mark.parametrize("score", SEEN)
def test_layers_that_never_fire_score_zero(score: Callable[..., Criterion]) -> None:
    model = mlp()
    with torch.no_grad():
        model.layers[0].bias.fill_(-100.0)
    scores = score().score(context(model))
    assert all(np.isfinite(values).all() for values in scores.values())
    assert (scores["layers.2"] == 0).all()
    assert score is Wanda or (scores["layers.0"] == 0).all()


@pytest.mark.parametrize("score", SEEN)
def test_features_that_collapsed_have_finite_scores(score: Callable[..., Criterion]) -> None:
    one = split((1, 1, 1))  # no scatter within any class
    scores = score().score(context(mlp(), train=one))
    assert all(np.isfinite(values).all() for values in scores.values())


class Overflow(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 1e200


@pytest.mark.parametrize("score", SEEN)
def test_bad_data_and_networks_are_named(score: Callable[..., Criterion]) -> None:
    own = score()
    gap = Split(split().x, split().y.clamp(min=1), CLASSES, (2,))
    with pytest.raises(InputError, match=r"(samples of )?class 0"):
        own.score(context(mlp(), train=gap))
    endless = split()
    endless.x[3, 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match="training samples are not finite"):
        own.score(context(mlp(), train=endless))
    spare = mlp()
    spare.add_module("spare", nn.Linear(2, 2).double())
    with pytest.raises(InputError, match="layer 'spare'"):
        own.score(context(spare))
    shared = nn.Linear(32, 32).double()
    twice = nn.Sequential(nn.Flatten(), shared, nn.ReLU(), shared, nn.Linear(32, 3).double())
    with pytest.raises(InputError, match="'1' runs twice"):
        own.score(context(twice))


@pytest.mark.parametrize("score", [Wanda, FisherDiagonal, ScatterSlope])
def test_features_that_overflow_are_named(score: Callable[..., Criterion]) -> None:
    model = mlp()
    model.layers[1] = Overflow()
    with torch.no_grad():
        model.layers[4].weight.fill_(1e-200)  # the logits are finite
    with pytest.raises(InputError, match=r"of layer 'layers\.\d' are not finite"):
        score().score(context(model))


@pytest.mark.parametrize("score", [Taylor, SNIP, FisherDiagonal])
def test_too_few_logits_are_named(score: Callable[..., Criterion]) -> None:
    small = nn.Sequential(nn.Flatten(), nn.Linear(32, 2).double())
    with pytest.raises(InputError, match="label 2 has no logit"):
        score().score(context(small))


def test_frozen_parameters_have_the_same_scores() -> None:
    for make in NETWORKS:
        for score in SEEN:
            free, frozen = context(make()), context(make().requires_grad_(requires_grad=False))
            for mine, theirs in zip(
                score().score(free).values(), score().score(frozen).values(), strict=True
            ):
                np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-16)


def test_a_ridge_without_meaning_is_refused() -> None:
    for gamma in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(InputError, match="gamma is"):
            LDATaylor(gamma=gamma)


def forbidden() -> Split:
    raise AssertionError("a score looked at the withheld images")


@pytest.mark.parametrize("score", SEEN)
def test_nobody_looks_at_withheld_images_unasked(score: Callable[..., Criterion]) -> None:
    score().score(context(mlp(), withheld=Withheld(forbidden)))


# --- scatter-slope ---


def seed_score(x: Tensor, h: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    """|2 sum_i s_i (h_i - mu_y) x_i^T|, one sample at a time."""
    total = torch.zeros(h.shape[1], x.shape[1], dtype=torch.float64)
    for i in range(len(y)):
        total += 2 * counts[i] * torch.outer(h[i] - h[y == y[i]].mean(dim=0), x[i])
    return total.abs()


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize(("make", "pieces"), [(mlp, 2), (binary, 3)])
def test_the_seed_score_reads_features_behind_the_activation(
    make: Callable[[], nn.Module], pieces: int, balanced: bool
) -> None:
    case = context(make())
    counts = shares(case.train, balanced=balanced)
    x = case.train.x.double().flatten(1)
    x = 2 * x - 1 if make is binary else x
    score = ScatterSlope(balanced=balanced).score(case)
    modules = list(case.model.layers)
    for start in range(0, len(modules), pieces):
        h = nn.Sequential(*modules[start : start + pieces])(x).detach()
        expected = seed_score(x, h, case.train.y, counts)
        np.testing.assert_allclose(score[f"layers.{start}"], expected, atol=1e-12)
        x = h


def test_the_seed_score_of_a_convolution_sums_over_positions() -> None:
    case = context(NETWORKS[2]())
    model, y = case.model, case.train.y
    assert isinstance(model, Residual)
    x = case.train.x.double()
    h = torch.relu(model.norm(model.one(x))).detach()  # (n, 4, 4, 4)
    means = torch.stack([h[y == c].mean(dim=0) for c in range(CLASSES)])
    patches = functional.unfold(x, 3, padding=1).view(len(y), 2, 9, 16)
    off = (h - means[y]).view(len(y), 2, 2, 16)  # groups of two units
    expected = 2 * torch.einsum("ngop,ngkp->gok", off, patches).reshape(4, 1, 3, 3) / len(y)
    np.testing.assert_allclose(ScatterSlope().score(case)["one"], expected.abs(), atol=1e-12)


def test_the_leak_adds_the_withheld_samples() -> None:
    rest = split((1, 5, 8), seed=4)
    case = context(mlp(), withheld=Withheld(lambda: rest))
    both = Split(torch.cat([case.train.x, rest.x]), torch.cat([case.train.y, rest.y]), CLASSES, ())
    leak, whole = ScatterSlope(leak=True), context(mlp(), train=both)
    for name, values in ScatterSlope().score(whole).items():
        np.testing.assert_allclose(leak.score(case)[name], values, rtol=1e-9)
        assert not np.allclose(ScatterSlope().score(case)[name], values, rtol=1e-3)
    assert leak.facts(case) == {"leaked_samples": 14}
    assert ScatterSlope().facts(case) == {}


def test_a_leak_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="leak=true needs the training images that an imbalance"):
        ScatterSlope(leak=True).score(context(mlp()))
    one = (torch.rand(30, 4), torch.arange(30) % 3)
    run = partial(prune, nn.Sequential(nn.Linear(4, 3)), one, progress=False)
    with pytest.raises(InputError, match="leak=true needs"):
        run("scatter-slope:leak=true")


def test_the_features_of_a_layer_end_before_a_layer_that_is_not_pruned() -> None:
    wide = [nn.Linear(32, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3)]
    case = context(nn.Sequential(nn.Flatten(), *wide).double())
    alone = replace(case, masks={"1": case.masks["1"]})
    np.testing.assert_array_equal(ScatterSlope().score(alone)["1"], ScatterSlope().score(case)["1"])


class Reusing(nn.Module):
    """Clears what its layer has read."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(32, CLASSES).double()

    def forward(self, x: Tensor) -> Tensor:
        h = 1.0 * x.flatten(1)
        logits: Tensor = self.layer(h)
        h.zero_()
        return logits


@pytest.mark.parametrize("score", SEEN)
def test_inputs_are_those_of_the_moment(score: Callable[..., Criterion]) -> None:
    model = Reusing()
    plain = nn.Sequential(nn.Flatten(), model.layer)
    found, expected = score().score(context(model)), score().score(context(plain))
    np.testing.assert_allclose(found["layer"], expected["1"], rtol=1e-12)
