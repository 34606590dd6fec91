"""Zeros that a network arrives with count where they are an earlier pruning, and nowhere else."""

import pytest
import torch
from torch import nn
from torch.nn.utils import prune as torch_prune

import leastloss as ll
from leastloss.errors import InputError
from leastloss.models import BinarizedMLP, BinaryLinear
from leastloss.models.copying import own_copy
from leastloss.models.zeros import describe_zeros, hold_zeros, zeros_of
from leastloss.pruning import apply_masks


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))


@torch.no_grad()
def with_zeros() -> nn.Sequential:
    net = network()
    net[0].weight[1] = 0.0
    net[2].weight[0, 0] = 0.0
    return net


def test_exact_zeros_of_float_layers_count() -> None:
    found = zeros_of(with_zeros())
    assert {name: int((~mask).sum()) for name, mask in found.items()} == {"0": 6, "2": 1}
    assert describe_zeros(with_zeros(), found, ["0", "2"]).startswith(
        "7 of 50 weights are zero already"
    )


def test_a_new_network_has_none() -> None:
    assert zeros_of(network()) == {}


def test_a_layer_that_is_zero_altogether_is_fresh_unless_it_remembers_a_mask() -> None:
    net = with_zeros()
    nn.init.zeros_(net[2].weight)
    assert list(zeros_of(net)) == ["0"]
    assert "layer '2', all zero without a mask" in describe_zeros(net, zeros_of(net))
    apply_masks(net, {"2": torch.zeros(4, 5, dtype=torch.bool)})
    assert not zeros_of(net)["2"].any()


def test_a_single_zero_in_a_large_layer_is_chance() -> None:
    layer = nn.Linear(300, 200)
    nn.init.ones_(layer.weight)
    with torch.no_grad():
        layer.weight[0, :3] = 0.0
    assert zeros_of(layer) == {}
    with torch.no_grad():
        layer.weight[0, :4] = 0.0
    assert int((~zeros_of(layer)[""]).sum()) == 4


def test_in_a_binary_layer_the_mask_alone_counts() -> None:
    layer = BinaryLinear(4, 3)
    with torch.no_grad():
        layer.weight[0] = 0.0
    assert zeros_of(layer) == {}
    layer.mask[1, 2] = 0.0
    assert (~zeros_of(layer)[""]).nonzero().tolist() == [[1, 2]]


def test_a_remembered_mask_is_the_truth() -> None:
    net = network()
    mask = torch.ones(5, 6, dtype=torch.bool)
    mask[0, 0] = False
    apply_masks(net, {"0": mask})
    with torch.no_grad():
        net[0].weight[3, 3] = 0.0  # a repair may set a kept weight to 0
    assert torch.equal(zeros_of(net)["0"], mask)


def test_given_up_zeros_are_forgotten_and_binary_weights_come_back() -> None:
    net = BinarizedMLP(6, (5,), 3)
    net.layers[0].mask[0] = 0
    assert hold_zeros(net, "free") == {}
    assert net.layers[0].mask.all()
    with pytest.raises(InputError, match="unknown treatment of zeros 'hold'; did you mean 'held'"):
        hold_zeros(net, "hold")


def test_masks_of_torch_are_taken_over_on_the_copy_alone() -> None:
    net = network()
    torch_prune.l1_unstructured(net[0], "weight", 0.5)
    torch_prune.l1_unstructured(net[2], "bias", 1)
    before, x = {k: v.clone() for k, v in net.state_dict().items()}, torch.rand(8, 6)
    copied = own_copy(net)
    assert torch.equal(copied(x), net(x))
    assert isinstance(copied[0].weight, nn.Parameter)
    assert not torch_prune.is_pruned(copied)
    assert torch.equal(zeros_of(copied)["0"], net[0].weight_mask.bool())
    assert torch_prune.is_pruned(net)
    assert list(before) == list(net.state_dict())
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())


def test_masks_are_handed_out_to_torch_and_taken_back() -> None:
    net = with_zeros()
    masked = ll.to_torch_prune(net)
    assert torch_prune.is_pruned(masked)
    assert not torch_prune.is_pruned(net)
    x = torch.rand(8, 6)
    assert torch.equal(masked(x), net(x))
    masked(x).sum().backward()
    assert (masked[0].weight_orig.grad[1] == 0).all()
    assert {n: m.tolist() for n, m in zeros_of(own_copy(masked)).items()} == {
        n: m.tolist() for n, m in zeros_of(net).items()
    }
    with pytest.raises(InputError, match="binary layers hold their masks themselves"):
        ll.to_torch_prune(BinarizedMLP(4, (3,), 2))
