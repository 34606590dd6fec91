import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from leastloss.models import BinarizedMLP, BinaryLinear, binarize
from leastloss.models.binarize import binary_sign


@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=20))
def test_values_are_signs_and_zero_is_positive(values: list[float]) -> None:
    x = torch.tensor(values)
    expected = torch.tensor([1.0 if value >= 0 else -1.0 for value in values])
    assert torch.equal(binarize(x), expected)
    assert torch.equal(binarize(x.requires_grad_()).detach(), expected)


def test_negative_zero_is_positive_too() -> None:
    assert binary_sign(torch.tensor([-0.0, 0.0])).tolist() == [1.0, 1.0]


def test_gradient_passes_inside_the_window_only() -> None:
    x = torch.tensor([-1.5, -1.0, -0.2, 0.0, 0.7, 1.0, 1.01], requires_grad=True)
    weights = torch.arange(1.0, 8.0)
    (binarize(x) * weights).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0]


def test_layer_multiplies_with_sign_times_mask() -> None:
    layer = BinaryLinear(5, 3)
    layer.mask[1, 2] = 0
    x = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    weight = binary_sign(layer.weight.detach())
    weight[1, 2] = 0
    assert torch.allclose(layer(x), x @ weight.T)


def test_a_masked_weight_gets_no_gradient() -> None:
    layer = BinaryLinear(4, 2)
    layer.mask[0] = 0
    layer(torch.ones(3, 4)).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad[0].abs().sum() == 0
    assert layer.weight.grad[1].abs().sum() > 0


def test_mask_travels_with_the_state() -> None:
    model, other = BinarizedMLP(6, (5,), 3), BinarizedMLP(6, (5,), 3)
    first = model.layers[0]
    assert isinstance(first, BinaryLinear)
    first.mask[2] = 0
    other.load_state_dict(model.state_dict())
    loaded = other.layers[0]
    assert isinstance(loaded, BinaryLinear)
    assert torch.equal(loaded.mask, first.mask)
    x: Tensor = torch.rand(7, 6)
    assert torch.equal(model.eval()(x), other.eval()(x))


def test_clipping_keeps_latent_weights_in_the_window() -> None:
    layer = BinaryLinear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[-3.0, 0.5, 2.0], [1.0, -1.0, 0.0]]))
    layer.clip_()
    assert layer.weight.tolist() == [[-1.0, 0.5, 1.0], [1.0, -1.0, 0.0]]


@pytest.mark.parametrize("seed", [0, 1])
def test_same_generator_same_network(seed: int) -> None:
    one = BinarizedMLP(8, (4,), 3, generator=torch.Generator().manual_seed(seed)).state_dict()
    two = BinarizedMLP(8, (4,), 3, generator=torch.Generator().manual_seed(seed)).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
