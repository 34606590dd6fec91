"""What holds for all scores of single weights that look at data."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.criteria.cases import (
    CLASSES,
    NETWORKS,
    SEEN,
    binary,
    context,
    mlp,
    split,
)
from torch import Tensor, nn

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
from leastloss.data import Split, Withheld
from leastloss.errors import InputError
from leastloss.models.layers import effective_weight, prunable_layers


class Overflow(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 1e200


def forbidden() -> Split:
    raise AssertionError("a score looked at the withheld images")


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
    monkeypatch.setattr(observe, "MAPS_BATCH", 5)
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


def test_frozen_parameters_have_the_same_scores() -> None:
    for make in NETWORKS:
        for score in SEEN:
            free, frozen = context(make()), context(make().requires_grad_(requires_grad=False))
            for mine, theirs in zip(
                score().score(free).values(), score().score(frozen).values(), strict=True
            ):
                np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("score", SEEN)
def test_nobody_looks_at_withheld_images_unasked(score: Callable[..., Criterion]) -> None:
    score().score(context(mlp(), withheld=Withheld(forbidden)))


@pytest.mark.parametrize("score", SEEN)
def test_inputs_are_those_of_the_moment(score: Callable[..., Criterion]) -> None:
    model = Reusing()
    plain = nn.Sequential(nn.Flatten(), model.layer)
    found, expected = score().score(context(model)), score().score(context(plain))
    np.testing.assert_allclose(found["layer"], expected["1"], rtol=1e-12)
