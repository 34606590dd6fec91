"""Costs on paper, worked by hand."""

from math import comb, log2

import pytest
import torch
from torch import nn

from leastloss.errors import InputError
from leastloss.evaluation import COSTS, gains, network_cost
from leastloss.models import BinarizedMLP
from leastloss.models.layers import Masks, prunable_layers


def full(model: nn.Module) -> Masks:
    layers = prunable_layers(model).items()
    return {name: torch.ones_like(layer.weight, dtype=torch.bool) for name, layer in layers}


def test_a_dense_perceptron() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2, bias=False))
    found = network_cost(net, full(net), torch.rand(5, 4))
    assert list(found) == list(COSTS)
    # 12 + 6 weights, 3 biases
    assert found == {"parameters": 21.0, "multiply_adds": 18.0, "bits": 21 * 32.0}
    assert found == network_cost(net, {}, torch.rand(1, 4))


def test_a_pruned_perceptron() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    masks = full(net)
    masks["0"] = torch.tensor([[1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1]]).bool()
    masks["2"][:, 1] = False
    found = network_cost(net, masks, torch.rand(1, 4))
    # 3 + 4 weights; the biases of units 0 and 2, and of both outputs
    assert found["parameters"] == 7 + 4
    assert found["multiply_adds"] == 7
    # Which 2 of 3 rows, 2 of 4 columns, 3 of the 4 weights where they cross; which 2 of 3 columns.
    mask = log2(comb(3, 2)) + log2(comb(4, 2)) + log2(comb(4, 3)) + log2(comb(3, 2))
    assert found["bits"] == pytest.approx(11 * 32 + mask)


def test_a_convolution_counts_once_for_each_position() -> None:
    net = nn.Sequential(
        *(nn.Conv2d(1, 2, 3, padding=1, bias=False), nn.BatchNorm2d(2), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)),
    )
    x = torch.rand(1, 1, 4, 4)
    found = network_cost(net, full(net), x)
    # 18 weights at 16 positions, 24 weights; 2 scales and 2 shifts, 3 biases
    assert found["multiply_adds"] == 18 * 16 + 24
    assert found["parameters"] == 18 + 4 + 24 + 3
    assert found["bits"] == 32 * found["parameters"]
    masks = full(net)
    masks["0"][0] = False  # the channel's scale and shift are gone as well
    masks["0"][1, 0, 1:] = False
    masks["5"][:, :4] = False
    found = network_cost(net, masks, x)
    assert found["multiply_adds"] == 3 * 16 + 12
    assert found["parameters"] == 3 + 2 + 12 + 3
    mask = 1 + log2(comb(9, 3)) + log2(comb(8, 4))
    assert found["bits"] == pytest.approx(32 * 20 + mask)
    wide = network_cost(net[:3], {}, torch.rand(1, 1, 7, 5))
    assert wide["multiply_adds"] == 18 * 35
    strided = nn.Conv2d(4, 6, 3, stride=2, groups=2)  # 6 x 2 x 3 x 3 weights at 2 x 2 positions
    assert network_cost(strided, {}, torch.rand(1, 4, 5, 5))["multiply_adds"] == 108 * 4


def test_a_binary_weight_is_one_bit() -> None:
    model = BinarizedMLP(6, (4,), 3)
    found = network_cost(model, full(model), torch.rand(1, 6))
    # 24 + 12 signs; scale and shift of 4 + 3 units
    assert found == {"parameters": 36 + 14, "multiply_adds": 36, "bits": 36 + 14 * 32}
    masks = full(model)
    masks["layers.3"] = torch.eye(3, 4, dtype=torch.bool)
    found = network_cost(model, masks, torch.rand(1, 6))
    assert found["parameters"] == 24 + 3 + 14
    assert found["bits"] == pytest.approx(24 + 3 + 14 * 32 + log2(4) + log2(comb(9, 3)))


def test_what_has_no_mask_and_no_layer_is_counted_whole() -> None:
    net = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3).double(), nn.PReLU(3).double())
    net[0].double()
    found = network_cost(net, {}, torch.rand(1, 4))
    assert found == {"parameters": 8 + 15 + 3, "multiply_adds": 12, "bits": 64 * 26}
    several = nn.Linear(4, 3)
    assert network_cost(several, {}, torch.rand(1, 5, 4))["multiply_adds"] == 12 * 5


def test_gains_need_two_costs() -> None:
    dense = {"parameters": 10.0, "bits": 320.0, "multiply_adds": 90.0}
    found = gains(dense, {"parameters": 5.0, "bits": 80.0, "multiply_adds": 30.0})
    assert found == {"compression_ratio": 4.0, "theoretical_speedup": 3.0}
    with pytest.raises(InputError, match="multiply_adds of the pruned network is 0"):
        gains(dense, {"bits": 1.0, "multiply_adds": 0.0})
