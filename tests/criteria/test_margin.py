"""The margin score against the closed form and against taking units out of the network."""

from statistics import NormalDist

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from leastloss.criteria import Margin
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.margin_moments import unit_margins
from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.geometry import class_statistics, linear_margins, margin_loss
from leastloss.models import MLP, BinarizedMLP
from leastloss.models.layers import effective_weight, prunable_layers

FEATURES, CLASSES, COUNTS = 6, 3, (12, 7, 3)


def split() -> Split:
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(CLASSES).repeat_interleave(torch.tensor(COUNTS))
    shift = torch.rand(CLASSES, FEATURES, generator=generator)
    return Split(torch.rand(len(y), FEATURES, generator=generator) + shift[y], y, CLASSES, (2,))


def context(model: nn.Module) -> ScoringContext:
    masks = {
        name: torch.ones_like(layer.weight, dtype=torch.bool)
        for name, layer in prunable_layers(model).items()
    }
    return ScoringContext(
        model=model.eval(),
        masks=masks,
        train=split(),
        granularity="unit",
        generator=np.random.default_rng(0),
    )


def mlp(hidden: tuple[int, ...] = (5, 4)) -> MLP:
    model = MLP(FEATURES, hidden, CLASSES, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.layers[-1].bias.copy_(torch.tensor([0.3, -0.2, 0.1]))
    return model


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


def test_batchnorm_behind_the_classifier_is_part_of_it() -> None:
    model = BinarizedMLP(FEATURES, (5, 4), CLASSES, generator=torch.Generator().manual_seed(0))
    for _ in range(20):
        model(split().x)
    case = context(model)
    features = model.layers[:6](2 * case.train.x - 1).detach()
    found = class_statistics(features, case.train.y, keep_covariances=True)
    norm = model.layers[7]
    slope = norm.weight / (norm.running_var + norm.eps).sqrt()
    weight = slope[:, None] * effective_weight(model.layers[6])
    expected = margin_loss(linear_margins(found, weight, norm.bias - slope * norm.running_mean))
    np.testing.assert_allclose(Margin().score(case)["layers.3"], expected, atol=1e-5)


def confused(logits: Tensor, y: Tensor, floor: float) -> float:
    total = 0.0
    for c in range(CLASSES):
        for rival in set(range(CLASSES)) - {c}:
            margin = (logits[y == c][:, c] - logits[y == c][:, rival]).double().numpy()
            total += NormalDist().cdf(-margin.mean() / (margin.var() + floor) ** 0.5) / CLASSES
    return total


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


def test_contributions_of_a_channel_add_up_over_positions() -> None:
    generator = torch.Generator().manual_seed(0)
    flat = nn.Sequential(nn.Linear(FEATURES, 6), nn.ReLU(), nn.Linear(6, CLASSES))
    for parameter in flat.parameters():
        nn.init.normal_(parameter, generator=generator)
    case = context(flat)
    single = unit_margins(case, {"0": np.ones(6, bool)}, balanced=True, folded=False)["0"]
    grouped = unit_margins(case, {"0": np.ones(2, bool)}, balanced=True, folded=False)["0"]
    torch.testing.assert_close(grouped.moves, single.moves.unflatten(2, (2, 3)).sum(dim=3))
    torch.testing.assert_close(grouped.ties, single.ties.unflatten(2, (2, 3)).sum(dim=3))


def test_small_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Margin(folded=True).score(context(mlp()))
    monkeypatch.setattr("leastloss.criteria.scoring.margin_moments.BUDGET", 60)
    parts = Margin(folded=True).score(context(mlp()))
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, atol=1e-6)


def test_frozen_parameters_change_nothing() -> None:
    frozen = mlp().requires_grad_(requires_grad=False)
    for mine, theirs in zip(
        Margin().score(context(frozen)).values(),
        Margin().score(context(mlp())).values(),
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs)


def test_networks_without_class_logits_are_named() -> None:
    wide = nn.Sequential(nn.Linear(FEATURES, 4), nn.ReLU(), nn.Linear(4, CLASSES + 1))
    with pytest.raises(InputError, match="4 logits for 3 classes"):
        Margin().score(context(wide))
