"""The plain copy has the same logits; one comparison has the sign of a norm for every float."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from leastloss.deploy import plain_copy
from leastloss.deploy.plain import fold_norms, threshold_of
from leastloss.models import MLP, BinarizedMLP, BinaryLinear, binarize, mask_of, weight_layers
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


def random_norm(channels: int, seed: int) -> nn.BatchNorm1d:
    random, norm = torch.Generator().manual_seed(seed), nn.BatchNorm1d(channels).eval()
    with torch.no_grad():
        norm.weight.copy_(torch.randn(channels, generator=random))
        norm.bias.copy_(torch.randn(channels, generator=random))
        norm.running_mean.copy_(3 * torch.randn(channels, generator=random))
        norm.running_var.copy_(torch.rand(channels, generator=random) * 20)
        norm.weight[0] = 0.0
    return norm


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_it_turns_where_the_norm_turns(seed: int) -> None:
    norm = random_norm(9, seed)
    found = threshold_of(norm)
    turn = (found.direction * found.threshold).nan_to_num(0, 0, 0)
    beyond = [torch.nextafter(turn, torch.tensor(end)) for end in (9e9, -9e9)]
    random = torch.Generator().manual_seed(seed)
    x = torch.stack([turn, *beyond, *(torch.randn(60, 9, generator=random) * 5)])
    whole = torch.arange(-30.0, 31)[:, None].expand(-1, 9)
    with torch.no_grad():
        for samples in (x, whole, x[:1]):
            assert torch.equal(found(samples), binarize(norm(samples)))


def test_the_norms_of_a_network_are_folded_and_its_logits_stay() -> None:
    net = BinarizedMLP(12, (20, 20), 3).eval()
    for place, seed in ((1, 0), (4, 1)):
        net.layers[place] = random_norm(20, seed)
    x = torch.rand(50, 12)
    with torch.no_grad():
        before = net(x)
        fold_norms(net)
        assert torch.equal(net(x), before)
    names = [type(module).__name__ for module in net.layers]
    assert names.count("Threshold") == 2
    assert names.count("BatchNorm1d") == 1  # in front of the logits


def test_images_are_compared_by_channel() -> None:
    norm = nn.BatchNorm2d(3).eval()
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, -2.0, 0.5]))
        norm.running_mean.copy_(torch.tensor([0.1, -0.2, 0.3]))
    x = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(threshold_of(norm)(x), binarize(norm(x)))
