"""The surgeon's cost of whole units, in networks of each kind."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.criteria.unit_cases import context, mlp, split
from torch import nn

from leastloss.activations import Draws, input_second_moments, ridge_of
from leastloss.criteria import StructuredOBS
from leastloss.errors import InputError
from leastloss.models import ConvNet
from leastloss.models.units import CoupledLayers


def test_of_a_perceptron_it_is_the_error_that_its_reader_cannot_mend() -> None:
    case = context(mlp(hidden=(5,)))
    reader = case.model.layers[-1]
    draw = Draws().draw(case.train, case.model)
    ((_, moments),) = input_second_moments(case.model, {"reader": reader}, draw)
    whole = moments[0] + torch.diag(ridge_of(reader, moments[0], 1e-3))
    weights = torch.cat([reader.weight, reader.bias[:, None]], dim=1).detach().double()
    (scores,) = StructuredOBS(metric="none").score(case).values()
    for unit, score in enumerate(scores):
        others = [i for i in range(len(whole)) if i != unit]
        # Changes of the others that undo the unit as well as possible: least squares in moments.
        change = -weights[:, [unit]] * torch.eye(len(whole))[unit].double()
        pull = torch.linalg.solve(whole[others][:, others], whole[others][:, [unit]])[:, 0]
        change[:, others] = weights[:, [unit]] * pull
        assert score == pytest.approx(float(((change @ whole) * change).sum()))


def test_channels_are_all_their_taps_and_all_positions_that_a_flattened_map_has() -> None:
    generator = torch.Generator().manual_seed(0)
    net = ConvNet((1, 8, 8), (4, 6, 8), 3, generator=generator)
    case = context(net, split((1, 8, 8)))
    scores = StructuredOBS(metric="none").score(case)
    dead = copy.deepcopy(net)
    layers = [module for module in dead.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    with torch.no_grad():
        for reader, units in ((layers[1], 4), (layers[2], 6)):
            reader.weight.unflatten(1, (units, -1))[:, 1] = 0.0
    unread = StructuredOBS(metric="none").score(context(dead, split((1, 8, 8))))
    for (name, values), left in zip(unread.items(), scores.values(), strict=True):
        if len(values) in (4, 6):
            assert values[1] == 0, name
            assert left[1] > 0, name


@pytest.mark.parametrize("groups", [1, 2])
def test_rows_that_lost_weights_are_fitted_again_on_what_they_keep(groups: int) -> None:
    """Channels of a convolution, by the surgeon's formula for each row and its own inputs."""
    torch.manual_seed(0)
    reader = nn.Conv2d(4, 4, 2, groups=groups)
    net = nn.Sequential(
        nn.Conv2d(2, 4, 1), nn.ReLU(), reader, nn.Flatten(), nn.Linear(36, 3)
    ).eval()
    gone = torch.rand(reader.weight.shape) < 0.4
    with torch.no_grad():
        reader.weight[gone] = 0.0
    width = 4 // groups  # one channel of each group is a unit
    units = {
        "0": CoupledLayers(
            {"0": torch.arange(4).reshape(groups, width).T},
            {"2": torch.arange(width)[:, None]},
        )
    }
    plain = context(net, split((2, 4, 4)))
    case = replace(plain, masks={**plain.masks, "2": ~gone}, coupled=units)
    draw = Draws().draw(case.train, net)
    ((_, moments),) = input_second_moments(net, {"2": reader}, draw)
    (scores,) = StructuredOBS(metric="none").score(case).values()
    for unit, score in enumerate(scores):
        total = 0.0
        for row, (weight, lost) in enumerate(
            zip(reader.weight.detach().double(), gone, strict=True)
        ):
            matrix = moments[row * groups // 4]
            whole = matrix + torch.diag(ridge_of(reader, matrix, 1e-3))
            kept = [*(~lost).flatten().nonzero()[:, 0].tolist(), len(matrix) - 1]
            at = [i for i, index in enumerate(kept) if index // 4 == unit and index < 4 * width]
            if at:
                values = weight.flatten()[[kept[i] for i in at]]
                inverse = torch.linalg.inv(whole[kept][:, kept])
                total += float(values @ torch.linalg.solve(inverse[at][:, at], values))
        assert score == pytest.approx(total)


def test_a_copy_of_a_unit_costs_next_to_nothing() -> None:
    net = mlp(hidden=(6,))
    with torch.no_grad():
        for values in (net.layers[0].weight, net.layers[0].bias):
            values[1] = values[0]
    (scores,) = StructuredOBS(gamma=1e-8).score(context(net)).values()
    assert max(scores[:2]) < 1e-3 * np.median(scores[2:])


def test_a_unit_that_moves_the_logits_more_is_worth_more() -> None:
    net = mlp(hidden=(6, 5))
    plain = StructuredOBS(metric="logit").score(context(net))
    with torch.no_grad():
        net.layers[-1].weight *= 2.0
    for values, before in zip(
        StructuredOBS(metric="logit").score(context(net)).values(), plain.values(), strict=True
    ):
        np.testing.assert_allclose(values, 4 * before, rtol=1e-6)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="gamma is 0"):
        StructuredOBS(gamma=0.0)
    with pytest.raises(InputError, match="metric"):
        StructuredOBS(metric="logits")
