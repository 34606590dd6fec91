"""Moments of margins and of what units contribute to them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.criteria.margin_cases import CLASSES, FEATURES, context, mlp, split
from torch import nn

from leastloss.criteria import Margin
from leastloss.criteria.scoring.margin_moments import unit_margins
from leastloss.errors import InputError
from leastloss.geometry import class_statistics, linear_margins, margin_loss
from leastloss.models import BinarizedMLP
from leastloss.models.layers import effective_weight
from leastloss.models.units import CoupledLayers


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


def test_contributions_of_a_channel_add_up_over_positions() -> None:
    generator = torch.Generator().manual_seed(0)
    flat = nn.Sequential(nn.Linear(FEATURES, 6), nn.ReLU(), nn.Linear(6, CLASSES))
    for parameter in flat.parameters():
        nn.init.normal_(parameter, generator=generator)
    case = context(flat)
    single = unit_margins(case, {"0": np.ones(6, bool)}, balanced=True, folded=False)["0"]
    threes = torch.arange(6).reshape(2, 3)
    coupled = replace(case, coupled={"0": CoupledLayers({"0": threes}, {"2": threes})})
    grouped = unit_margins(coupled, {"0": np.ones(2, bool)}, balanced=True, folded=False)["0"]
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
