import pytest
import torch
from torch import nn

from leastloss.errors import InputError
from leastloss.models import MLP, BinarizedMLP
from leastloss.models.layers import effective_weight, prunable_layers


def test_layers_are_found_in_order_and_by_name() -> None:
    model = MLP(6, (5, 4), 3)
    assert list(prunable_layers(model)) == ["layers.0", "layers.2", "layers.4"]
    assert list(prunable_layers(model, ["layers.4", "layers.0"])) == ["layers.0", "layers.4"]


def test_a_model_without_layers_is_refused() -> None:
    with pytest.raises(InputError, match="ReLU has no prunable layer"):
        prunable_layers(nn.ReLU())


def test_an_unknown_layer_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown layer 'layers.1'.*layers\.0"):
        prunable_layers(MLP(4, (3,), 2), ["layers.1"])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(bad: float) -> None:
    model = MLP(4, (3,), 2)
    with torch.no_grad():
        prunable_layers(model)["layers.2"].weight[0, 0] = bad
    with pytest.raises(InputError, match=r"layers\.2.*not finite"):
        prunable_layers(model)


def test_a_lazy_layer_is_refused_until_it_ran() -> None:
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(2))
    with pytest.raises(InputError, match="layer '0' is lazy"):
        prunable_layers(model)
    model(torch.rand(2, 3))
    assert list(prunable_layers(model)) == ["0", "2"]


def test_effective_weight_is_ternary_in_a_binary_network() -> None:
    model = BinarizedMLP(6, (5,), 3)
    layer = prunable_layers(model)["layers.0"]
    layer.mask[0] = 0  # type: ignore[index]  # a BinaryLinear
    assert set(effective_weight(layer).unique().tolist()) <= {-1.0, 0.0, 1.0}
    assert effective_weight(layer)[0].abs().sum() == 0
    assert not effective_weight(layer).requires_grad


def test_a_computed_weight_is_refused() -> None:
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)))
    with pytest.raises(InputError, match="weight of layer '0' is computed"):
        prunable_layers(model)


def test_a_shared_weight_is_refused() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    with pytest.raises(InputError, match="'0' and '1' share one weight"):
        prunable_layers(model)
