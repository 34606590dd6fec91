"""Scores where each pixel has a label: those of single pixels, each taken as a sample."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from leastloss.criteria import CRITERIA, ScoringContext, as_criterion
from leastloss.data import IGNORED, Split, labelled
from leastloss.errors import InputError
from leastloss.evaluation import evaluate, layer_statistics, network_collapse
from leastloss.losses import LOSSES, training_loss
from leastloss.pruning import Parts

# Inputs of layers are averages over whole images, so that scores with them differ.
BY_SLOPE = ["taylor", "snip", "fisher-diagonal", "lda-taylor"]
BY_UNIT = ["nc", "fisher-ratio", "partial-fisher", "margin", "class-angles", "nc1-change"]


def maps_and_pixels() -> tuple[Split, Split, nn.Sequential, nn.Sequential]:
    """Images with a label for some pixels, and these pixels as images; one network for each."""
    draws = torch.Generator().manual_seed(0)
    x = torch.randn(8, 4, 3, 5, generator=draws)
    y = torch.randint(-1, 3, (8, 3, 5), generator=draws)
    maps = Split(x, y.masked_fill(y < 0, IGNORED), 3, (2,))
    rows, labels = labelled(x, maps.y)
    pixels = Split(rows[:, :, None, None], labels, 3, (2,))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dense = nn.Sequential(nn.Conv2d(4, 6, 1), nn.ReLU(), nn.Conv2d(6, 3, 1)).eval()
    return maps, pixels, dense, nn.Sequential(*copy.deepcopy(dense), nn.Flatten()).eval()


def context(model: nn.Module, split: Split, granularity: str) -> ScoringContext:
    parts = Parts.of(model, granularity, None, split.x[:2])
    return ScoringContext(
        model=model,
        masks=parts.masks(np.array([], dtype=np.int64)),
        train=split,
        granularity=granularity,  # type: ignore[arg-type]  # a text of a test
        generator=np.random.default_rng(0),
        coupled=parts.units,
    )


@pytest.mark.parametrize(
    ("name", "granularity"),
    [(n, "weight") for n in BY_SLOPE] + [(n, "unit") for n in BY_UNIT + BY_SLOPE],
)
def test_scores_are_those_of_the_pixels(name: str, granularity: str) -> None:
    maps, pixels, model, on_pixels = maps_and_pixels()
    for spec in (name, f"{name}:balanced=false"):
        if granularity == "unit" and name in ("class-angles", "nc1-change") and spec != name:
            continue
        scores = as_criterion(spec).score(context(model, maps, granularity))
        expected = as_criterion(spec).score(context(on_pixels, pixels, granularity))
        for ours, theirs in zip(scores.values(), expected.values(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", sorted(set(CRITERIA) - {"flips", "scatter-slope"}))
@pytest.mark.parametrize("granularity", ["weight", "unit"])
def test_every_criterion_scores_where_pixels_have_labels(name: str, granularity: str) -> None:
    criterion = as_criterion(name)
    if granularity == "weight" and criterion.units_only:
        return
    maps, _, model, _ = maps_and_pixels()
    case = context(model, maps, granularity)
    assert all(np.isfinite(values).all() for values in criterion.score(case).values())


def test_a_criterion_of_whole_samples_is_refused() -> None:
    maps, _, model, _ = maps_and_pixels()
    with pytest.raises(InputError, match="each position has a label; use 'lda-taylor'"):
        as_criterion("scatter-slope").facts(context(model, maps, "weight"))


def test_positions_without_a_label_count_nowhere() -> None:
    """Whatever a 1x1 convolution sees at such a place, scores by slopes and metrics stay."""
    maps, _, model, _ = maps_and_pixels()
    blank = (maps.y < 0)[:, None]
    other = replace(maps, x=torch.where(blank, 50.0, maps.x))
    assert evaluate(model, maps) == evaluate(model, other)
    for name, granularity in (("taylor", "weight"), ("nc", "unit")):
        scores, same = (
            as_criterion(name).score(context(model, split, granularity)) for split in (maps, other)
        )
        for ours, theirs in zip(scores.values(), same.values(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_metrics_and_losses_are_those_of_the_pixels() -> None:
    maps, pixels, model, on_pixels = maps_and_pixels()
    expected = evaluate(on_pixels, pixels)
    assert evaluate(model, maps) == pytest.approx(expected)
    for name in LOSSES:
        ours = training_loss(name, maps)(model(maps.x), maps.y)
        theirs = training_loss(name, pixels)(on_pixels(pixels.x), pixels.y)
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_collapse_is_that_of_features_at_the_labels() -> None:
    maps, pixels, model, on_pixels = maps_and_pixels()
    ours = network_collapse(model, maps, most=None)
    theirs = network_collapse(on_pixels, pixels, most=None)
    assert {"nc3", "nc4"} <= set(ours)
    # The head on pixels is flattened, so that it counts as none.
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs, rel=1e-4)


def test_statistics_of_a_layer_are_those_of_the_pixels() -> None:
    maps, pixels, model, on_pixels = maps_and_pixels()
    ours, theirs = layer_statistics(model, maps, "2"), layer_statistics(on_pixels, pixels, "2")
    assert torch.allclose(ours.means, theirs.means)
    assert torch.allclose(ours.within, theirs.within)
    assert torch.equal(ours.counts, theirs.counts)


def test_units_that_no_place_is_read_of_are_refused() -> None:
    maps, _, _, _ = maps_and_pixels()
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(60, 5), nn.ReLU(), nn.Linear(5, 45), nn.Unflatten(1, (3, 3, 5))
    )
    with pytest.raises(InputError, match="no place for each label"):
        as_criterion("nc").score(context(model, maps, "unit"))
    assert as_criterion("taylor").score(context(model, maps, "unit"))


class Tokens(nn.Module):
    """A network that works on pixels in a row, and whose head reads ``size`` of them."""

    def __init__(self, last: nn.Linear, size: int = 15) -> None:
        super().__init__()
        self.first, self.last, self.size = nn.Linear(4, 6), last, size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (n, 4, 3, 5) to logits (n, 3, 3, 5)."""
        rows = self.first(x.flatten(2).movedim(1, 2)).relu()
        logits: torch.Tensor = self.last(rows[:, : self.size]).movedim(1, 2)
        return logits.repeat(1, 1, 15 // self.size).view(len(x), -1, 3, 5)


def test_collapse_of_tokens_is_that_at_the_labels() -> None:
    maps, _, dense, _ = maps_and_pixels()
    tokens = Tokens(nn.Linear(6, 3))
    for layer, source in ((tokens.first, dense[0]), (tokens.last, dense[2])):
        state = {
            name: value.view_as(layer.get_parameter(name))
            for name, value in source.state_dict().items()
        }
        layer.load_state_dict(state)
    ours, theirs = (network_collapse(net, maps, most=None) for net in (tokens, dense))
    assert ours == pytest.approx(theirs, rel=1e-4)
    scores = as_criterion("nc").score(context(tokens, maps, "unit"))
    expected = as_criterion("nc").score(context(dense, maps, "unit"))
    np.testing.assert_allclose(scores["first"], expected["0"], rtol=1e-4)
    assert network_collapse(Tokens(nn.Linear(6, 3), 5), maps) == {}
    tokens.register_forward_hook(lambda *args: args[2].flip(-1))  # pixels in another order
    assert network_collapse(tokens, maps) == {}
    with pytest.raises(InputError, match="does not tell where"):
        layer_statistics(Tokens(nn.Linear(6, 3), 5), maps, "last")


def test_channels_are_found_by_the_places() -> None:
    draws = torch.Generator().manual_seed(0)
    x, y = torch.randn(5, 3, 8, generator=draws), torch.arange(40).view(5, 8) % 2
    split = Split(x.movedim(1, 2), y, 2, (1,))
    model = nn.Sequential(nn.Linear(3, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 2))
    for layer in ("1", "2", "3"):
        assert layer_statistics(model, split, layer).means.shape == (2, 6)
    square = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
    assert layer_statistics(square, split, "2").means.shape == (2, 8)
    with pytest.raises(InputError, match=r"module '1' reads .*name a Linear layer"):
        layer_statistics(square, split, "1")


@pytest.mark.parametrize("options", [{"stride": 2}, {"padding": 1}])
def test_a_convolution_that_moves_places_is_no_head(options: dict[str, int]) -> None:
    maps, _, model, _ = maps_and_pixels()
    moved = nn.Sequential(*model[:2], nn.Conv2d(6, 3, 1, **options), nn.Upsample(size=(3, 5)))
    assert not {"nc3", "nc4"} & set(network_collapse(moved, maps))


def test_wanda_runs_each_image_once() -> None:
    maps, _, model, _ = maps_and_pixels()
    case, seen = context(model, maps, "weight"), list[int]()
    model.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    for balanced in (True, False):
        seen.clear()
        score = as_criterion(f"wanda:balanced={str(balanced).lower()}").score(case)["0"]
        assert sum(seen) == len(maps)
        counts = maps.counts()
        shares = 1 / (3 * counts) if balanced else np.full(3, 1 / counts.sum())
        weights = maps.summed(torch.from_numpy(shares)[maps.labels])
        moment = weights @ maps.x.double().square().mean(dim=(2, 3))
        expected = model[0].weight[..., 0, 0].detach().abs() * moment.sqrt()
        np.testing.assert_allclose(score[..., 0, 0], expected, rtol=1e-6)
