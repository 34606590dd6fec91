"""The plain copy has torch's own layers alone, and the same logits."""

import torch
from torch import nn

from leastloss.deploy import plain_copy
from leastloss.models import MLP, BinarizedMLP, BinaryLinear, mask_of, weight_layers
from leastloss.pruning import apply_masks, full_masks


def test_binary_layers_become_linear_ones_of_the_same_weights() -> None:
    net = BinarizedMLP(12, (8, 8), 3)
    masks = full_masks(net)
    masks["layers.3"][0, :4] = False
    apply_masks(net, masks)
    x, random = torch.rand(30, 12), torch.random.get_rng_state()
    copied = plain_copy(net)
    assert torch.equal(torch.random.get_rng_state(), random)
    assert not any(isinstance(module, BinaryLinear) for module in copied.modules())
    assert (copied.layers[3].weight[0, :4] == 0).all()
    with torch.no_grad():
        assert torch.equal(copied(x), net.eval()(x))
    assert any(isinstance(module, BinaryLinear) for module in net.modules())
    assert not any(weight.requires_grad for weight in copied.parameters())


def test_masks_are_zeros_in_it() -> None:
    net = MLP(6, (5,), 3)
    masks = full_masks(net)
    masks["layers.0"][0] = False
    apply_masks(net, masks)
    copied = plain_copy(net)
    assert all(mask_of(layer) is None for layer in weight_layers(copied).values())
    assert mask_of(net.layers[0]) is not None
    assert (copied.layers[0].weight[0] == 0).all()


def test_a_network_may_be_a_binary_layer_itself() -> None:
    layer, x = BinaryLinear(4, 2), torch.rand(3, 4)
    copied = plain_copy(layer)
    assert type(copied) is nn.Linear
    assert torch.equal(copied(x), layer(x))
