"""Binary layers compute with signs times a mask, whatever their shape."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from leastloss.models import BinaryConv2d, BinaryLayer, BinaryLinear, weight_layers


def layers() -> list[BinaryLayer]:
    return [BinaryLinear(6, 4), BinaryConv2d(3, 4, 3, stride=2, padding=1)]


def inputs(layer: BinaryLayer) -> torch.Tensor:
    shape = (5, 6) if isinstance(layer, BinaryLinear) else (5, 3, 7, 7)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("layer", layers(), ids=lambda layer: type(layer).__name__)
def test_outputs_are_those_of_a_plain_layer_with_these_weights(layer: BinaryLayer) -> None:
    with torch.no_grad():
        layer.mask[0] = 0.0
        layer.weight.view(-1)[-1] = 0.0  # counts as +1
    x, weight = inputs(layer), layer.effective_weight().detach()
    assert set(weight.unique().tolist()) == {-1.0, 0.0, 1.0}
    assert weight.flatten()[-1] == 1.0
    plain = layer.plain(weight)
    assert type(plain) in (nn.Linear, nn.Conv2d)
    assert plain.bias is None
    with torch.no_grad():
        assert torch.equal(layer(x), plain(x))
    if isinstance(layer, BinaryConv2d):
        by_hand = functional.conv2d(x, weight, stride=2, padding=1)
        assert torch.equal(layer(x).detach(), by_hand)


@pytest.mark.parametrize("layer", layers(), ids=lambda layer: type(layer).__name__)
def test_gradients_pass_and_flips_are_counted(layer: BinaryLayer) -> None:
    layer.watch_()
    before = layer.weight.detach().clone()
    layer(inputs(layer)).square().sum().backward()
    assert layer.weight.grad is not None
    assert (layer.weight.grad != 0).any()
    with torch.no_grad():
        layer.weight.neg_()
    layer.clip_()
    assert torch.equal(layer.flips, ((before < 0) != (layer.weight < 0)).int())
    assert layer.weight.abs().max() <= 1


def test_states_from_before_flips_were_counted_load() -> None:
    conv = BinaryConv2d(2, 3, 3)
    state = {name: value for name, value in conv.state_dict().items() if name != "flips"}
    other = BinaryConv2d(2, 3, 3)
    other.load_state_dict(state)
    assert torch.equal(other.weight, conv.weight)
    assert not other.flips.any()
    assert list(weight_layers(nn.Sequential(conv))) == ["0"]
