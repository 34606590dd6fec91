import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from leastloss.models import BinarizedMLP, BinaryLinear, binarize
from leastloss.models.binarize import binary_sign, clip_and_count


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


@settings(deadline=None)  # compiles
@given(st.lists(st.floats(-2, 2, width=32) | st.just(-0.0), min_size=2, max_size=40), st.data())
def test_flips_count_changes_of_the_sign_at_any_speed(
    values: list[float], draw: st.DataObject
) -> None:
    before = torch.tensor(draw.draw(st.lists(st.booleans(), min_size=len(values),
                                             max_size=len(values))))  # fmt: skip
    plain, half = torch.tensor(values), torch.tensor(values).bfloat16()
    for weight in (plain, plain.double(), half):
        signs, clipped = binary_sign(weight), weight.clamp(-1, 1)
        negative, flips = before.clone(), torch.ones(len(values), dtype=torch.int32)
        clip_and_count(weight, negative, flips)
        assert torch.equal(weight, clipped)
        assert torch.equal(negative, signs < 0)
        assert torch.equal(flips, 1 + ((signs < 0) != before).int())


def test_flips_are_counted_while_watched_and_travel_with_the_state() -> None:
    layer, other = BinaryLinear(2, 1), BinaryLinear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.5, -0.5]]))
        layer.clip_()
        layer.watch_()
        for value in (0.5, -0.1, 0.0):
            layer.weight[0, 0] = value
            layer.clip_()
    assert layer.flips.tolist() == [[2, 0]]
    other.watch_()
    other.load_state_dict(layer.state_dict())
    other.clip_()  # what was watched before is another weight
    assert other.flips.tolist() == [[2, 0]]


def test_a_state_from_before_flips_were_counted_loads() -> None:
    model, other = BinarizedMLP(6, (5,), 3), BinarizedMLP(6, (5,), 3)
    state = {name: value for name, value in model.state_dict().items() if "flips" not in name}
    assert len(state) < len(model.state_dict())
    other.load_state_dict(state)
    assert all(torch.equal(model.state_dict()[name], value) for name, value in state.items())
