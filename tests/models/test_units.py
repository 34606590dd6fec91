"""Units between layers."""

import pytest
import torch
from torch import nn

from leastloss.errors import InputError
from leastloss.models import BinarizedMLP
from leastloss.models.units import hidden_units, sort_by_unit


def test_hidden_units_need_a_chain() -> None:
    assert hidden_units(BinarizedMLP(6, (5, 4), 3)) == {
        "layers.0": "layers.3",
        "layers.3": "layers.6",
    }
    with pytest.raises(InputError, match="no hidden layer"):
        hidden_units(nn.Linear(3, 2))
    with pytest.raises(InputError, match="chain of Linear and Conv2d layers"):
        hidden_units(nn.Sequential(nn.Linear(9, 9), nn.Unflatten(1, (1, 3, 3)), nn.Conv2d(1, 2, 3)))
    with pytest.raises(InputError, match="does not feed"):
        hidden_units(nn.ModuleList([nn.Linear(3, 4), nn.Linear(5, 2)]))


def test_the_units_of_a_convolution_are_its_channels() -> None:
    convs = [nn.Conv2d(1, 4, 3), nn.Conv2d(4, 6, 3, groups=1), nn.Linear(6 * 9, 5), nn.Linear(5, 2)]
    assert hidden_units(nn.Sequential(*convs)) == {"0": "1", "1": "2", "2": "3"}
    assert hidden_units(nn.Sequential(nn.Conv2d(1, 6, 3), nn.Linear(6, 2))) == {"0": "1"}
    with pytest.raises(InputError, match="'0' does not feed '1'"):
        hidden_units(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(9, 2)))
    with pytest.raises(InputError, match="layer '1' has 2 groups"):
        hidden_units(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 2, 3, groups=2)))


def test_weights_sorted_by_unit() -> None:
    weight = torch.arange(24).reshape(2, 3, 2, 2)  # of a convolution that reads three channels
    assert torch.equal(sort_by_unit(weight, 3)[1, 2], weight[1, 2].flatten())
    assert torch.equal(sort_by_unit(weight.flatten(1), 3), sort_by_unit(weight, 3))
