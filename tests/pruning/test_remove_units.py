"""Units leave a network with all that belongs to them."""

import copy

import torch
from tests.pruning.unit_cases import made, widths
from torch import nn

import leastloss as ll
from leastloss.models import MLP
from leastloss.models.layers import Masks
from leastloss.pruning import Parts


def test_one_unit_stays_and_one_layer_is_left_as_it_is() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    with torch.no_grad():
        net[2].weight.zero_()
    assert widths(ll.compact(net)) == [1, 2]
    assert widths(ll.compact(nn.Linear(4, 2))) == [2]
    assert widths(ll.compact(MLP(4, (), 2))) == [2]


def test_a_state_between_the_layers_that_is_unknown_keeps_the_units() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.PReLU(4), nn.Linear(4, 2))
    masks: Masks = Parts.of(net, "unit").masks(torch.arange(2).numpy())
    assert widths(ll.compact(net, masks)) == [4, 2]


def test_gradients_memory_format_and_mode_stay() -> None:
    model, x = made("convnet")
    masks = Parts.of(model, "unit").masks(torch.arange(3).numpy())
    model.train()
    before = copy.deepcopy(model.state_dict())
    small = ll.compact(model, masks)
    assert model.training
    assert not small.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert small.layers[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert all(parameter.requires_grad for parameter in small.parameters())
    loss = small.train()(x).sum()
    loss.backward()
