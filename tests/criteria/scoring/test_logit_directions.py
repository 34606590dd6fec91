"""Directions in logit space: of the loss, and of pairs of classes."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from tests.criteria.cases import (
    CLASSES,
    NETWORKS,
    context,
    mlp,
    shares,
    split,
)
from tests.criteria.logit_cases import jacobians
from torch import Tensor, nn

from leastloss.activations import Draws, network_key
from leastloss.criteria.gauss_newton import GaussNewton
from leastloss.criteria.scoring import logit_directions, logit_moves
from leastloss.criteria.scoring.logit_directions import pair_columns
from leastloss.criteria.scoring.logit_moves import unit_moves
from leastloss.data import Data, Split
from leastloss.geometry import class_statistics, regularised_inverse
from leastloss.pruning.recovery.compensate import Compensate


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


def test_of_many_classes_the_closest_pair_of_each_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = 6
    y = torch.arange(classes).repeat(9)
    train = Split(torch.randn(len(y), 2, 4, 4), y, classes, ())
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, classes)).double()
    case = context(model, train=train)
    every = pair_columns(case)
    monkeypatch.setattr(logit_directions, "MANY_CLASSES", 5)
    closest = pair_columns(case)
    assert isinstance(every, logit_directions.Fixed)
    assert isinstance(closest, logit_directions.Fixed)
    statistics = class_statistics(model(train.x.double()).detach(), y)
    inverse = regularised_inverse(statistics.within, 0.01)
    pairs = list(combinations(range(classes), 2))
    gaps = [statistics.means[a] - statistics.means[b] for a, b in pairs]
    distance = {pair: float(gap @ inverse @ gap) for pair, gap in zip(pairs, gaps, strict=True)}
    expected = {min((p for p in pairs if c in p), key=distance.__getitem__) for c in range(classes)}
    rows = [number for number, pair in enumerate(pairs) if pair in expected]
    torch.testing.assert_close(closest.root, every.root[:, rows])
    assert len(rows) < len(pairs)


def test_scores_of_a_hundred_classes_read_a_hundred_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    classes = 60
    y = torch.arange(classes).repeat(3)
    train = Split(torch.randn(len(y), 2, 4, 4), y, classes, ())
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, classes)).double()
    rows = []
    original = logit_moves.labelled_logits

    def counted(model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        rows.append(len(x))
        return original(model, x, y)

    monkeypatch.setattr(logit_moves, "labelled_logits", counted)
    case = context(model, train=train)
    moves = unit_moves(case, pair_columns(case))
    assert sum(rows) == 100
    assert moves["0"].shape[0] <= classes
    assert (moves["0"] > 0).all()


def test_logits_that_the_repair_has_made_are_not_made_again() -> None:
    case = context(mlp())
    data = Data("made up", case.train, case.train, case.train, {})
    Compensate().prepare(mlp(), data, 0, case.draws)(case.model, case.masks)
    fresh = pair_columns(replace(case, draws=Draws()))
    runs: list[int] = []
    case.model.register_forward_hook(lambda *_: runs.append(1))
    warm = pair_columns(case)
    assert not runs
    assert torch.equal(warm.root, fresh.root)  # to the last bit: a resumed path makes them anew
    with torch.no_grad():
        next(case.model.parameters()).mul_(0.5)
    other = pair_columns(case)
    assert runs
    assert not torch.equal(other.root, warm.root)


def test_logits_of_the_repair_that_are_not_finite_are_made_anew() -> None:
    case = context(mlp())
    samples = case.draws.draw(case.train, case.model)
    logits = torch.full((len(case.train), CLASSES), torch.nan)
    samples.cache.put(case.model, "", "logits", network_key(case.model), logits)
    assert torch.isfinite(pair_columns(case).root).all()
