"""The slope of the within-class scatter against the sum spelt out, and its leak."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from tests.criteria.cases import (
    CLASSES,
    NETWORKS,
    Residual,
    binary,
    context,
    mlp,
    shares,
    split,
)
from torch import Tensor, nn
from torch.nn import functional

from leastloss.criteria import (
    ScatterSlope,
)
from leastloss.data import Split, Withheld
from leastloss.errors import InputError
from leastloss.pruning import prune


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
