"""Bits compute what floats compute, to the last bit."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from leastloss.deploy import bit_packed
from leastloss.deploy.plain import Threshold
from leastloss.deploy.sign_layers import SignLayers
from leastloss.errors import InputError
from leastloss.models import MLP, BinarizedMLP, BinaryLinear


def random_network(hidden: list[int], sparsity: float, seed: int) -> BinarizedMLP:
    """A pruned binary network with BatchNorms of all kinds, some of slope 0."""
    random = torch.Generator().manual_seed(seed)
    net = BinarizedMLP(7, hidden, 3, generator=random).eval()
    with torch.no_grad():
        for layer in net.layers:
            if isinstance(layer, BinaryLinear):
                layer.mask.copy_(torch.rand(layer.mask.shape, generator=random) >= sparsity)
            elif isinstance(layer, nn.BatchNorm1d):
                layer.weight.copy_(torch.randn(layer.weight.shape, generator=random))
                layer.weight[0] = 0.0
                layer.bias.copy_(torch.randn(layer.bias.shape, generator=random))
                layer.running_mean.copy_(4 * torch.randn(layer.bias.shape, generator=random))
                layer.running_var.copy_(9 * torch.rand(layer.bias.shape, generator=random))
    return net


@settings(max_examples=40, deadline=None)
@given(
    hidden=st.lists(st.sampled_from([1, 5, 63, 64, 65, 130]), min_size=1, max_size=3),
    sparsity=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    seed=st.integers(0, 10_000),
)
def test_logits_are_those_of_the_float_network(
    hidden: list[int], sparsity: float, seed: int
) -> None:
    net = random_network(hidden, sparsity, seed)
    x = torch.rand(33, 7, generator=torch.Generator().manual_seed(seed))
    packed = bit_packed(net)
    with torch.no_grad():
        assert torch.equal(packed(x), net(x))
        assert torch.equal(packed(x[:1]), net(x[:1]))
        assert packed(x[:0]).shape == (0, 3)


def test_one_module_takes_the_place_of_all_layers_of_signs() -> None:
    packed = bit_packed(random_network([70, 5], 0.5, 0))
    (bits,) = [module for module in packed.modules() if isinstance(module, SignLayers)]
    assert bits.widths.tolist() == [70, 5, 3]
    kinds = [type(module) for module in packed.layers if not isinstance(module, nn.Identity)]
    assert kinds == [nn.Linear, SignLayers, nn.BatchNorm1d]
    words = bits.signs.nbytes + bits.kept.nbytes
    assert words == 2 * 8 * (5 * 2 + 3 * 1)
    assert "70 -> 5 -> 3" in repr(packed)


def test_layers_between_signs_and_floats_are_packed_where_they_stand() -> None:
    random = torch.Generator().manual_seed(0)
    signs = [torch.randn(4, 6, generator=random).sign() for _ in range(2)]
    layers: list[nn.Module] = []
    for weight in signs:
        linear = nn.Linear(6, 4, bias=False)
        linear.weight = nn.Parameter(weight)
        layers += [Threshold(torch.zeros(6), torch.ones(6)), nn.Identity(), linear]
        layers += [nn.Linear(4, 6)]
    net, x = nn.Sequential(*layers).eval(), torch.randn(9, 6, generator=random)
    packed = bit_packed(net)
    assert sum(isinstance(module, SignLayers) for module in packed.modules()) == 2
    with torch.no_grad():
        assert torch.equal(packed(x), net(x))


def test_a_network_of_floats_is_refused() -> None:
    with pytest.raises(InputError, match="no layer of signs"):
        bit_packed(MLP(4, (3,), 2))
