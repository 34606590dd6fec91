"""Targets follow from the dense network, however the samples are batched."""

import copy
from collections.abc import Callable

import pytest
import torch
from tests.criteria.cases import CLASSES, mlp, residual, split
from tests.pruning.recovery.cases import data_of, drawn_masks, repaired
from torch import nn

from leastloss.activations import observe
from leastloss.pruning.recovery.compensate import Compensate


@pytest.mark.parametrize("make", [mlp, residual])
def test_batches_and_repetition_change_nothing(
    make: Callable[[], nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = make()
    masks = drawn_masks(dense)
    one, two = (repaired(dense, masks).state_dict() for _ in range(2))
    assert all(torch.equal(one[n], two[n]) for n in one)
    monkeypatch.setattr(observe, "BATCH", 3)
    monkeypatch.setattr(observe, "MAPS_BATCH", 5)
    for name, value in repaired(dense, masks).state_dict().items():
        torch.testing.assert_close(value, one[name], rtol=1e-7, atol=1e-9)


def input_norm() -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(32), nn.Linear(32, 6), nn.ReLU(),
                        nn.BatchNorm1d(6), nn.Linear(6, CLASSES)).double()  # fmt: skip
    return net.eval()


def test_what_comes_before_the_first_layer_may_move() -> None:
    dense = input_norm()
    masks = drawn_masks(dense)
    repair = Compensate().begin(dense, data_of(split()), 0)
    repair(copy.deepcopy(dense), masks)
    later = copy.deepcopy(dense)
    later[1].running_var.mul_(9.0)  # as recalibration and fine-tuning do
    fresh = copy.deepcopy(later)
    repair(later, masks)
    Compensate().begin(dense, data_of(split()), 0)(fresh, masks)
    assert torch.equal(later[2].weight, fresh[2].weight)


@pytest.mark.parametrize("inplace", [True, False])
def test_what_works_in_place_leaves_the_targets_alone(inplace: bool) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(32, 6), nn.ReLU(inplace), nn.Linear(6, CLASSES))
    net = net.double().eval()
    masks = {
        name: torch.ones_like(layer.weight) > 0 for name, layer in (("1", net[1]), ("3", net[3]))
    }
    again = copy.deepcopy(net)
    Compensate(gamma=1e-9).begin(net, data_of(split()), 0)(again, masks)
    x = split().x.double()
    torch.testing.assert_close(again(x), net(x), rtol=1e-4, atol=1e-4)


def test_layers_that_later_repairs_bring_are_noted_then() -> None:
    dense = mlp()
    masks = drawn_masks(dense)
    repair = Compensate().begin(dense, data_of(split()), 0)
    first, both = copy.deepcopy(dense), copy.deepcopy(dense)
    name = next(iter(masks))
    repair(first, {name: masks[name]})
    repair(both, masks)
    alone = copy.deepcopy(dense)
    Compensate().begin(dense, data_of(split()), 0)(alone, masks)
    for key, value in both.state_dict().items():
        torch.testing.assert_close(value, alone.state_dict()[key])
