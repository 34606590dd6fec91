import pytest
import torch
from torch import nn

from leastloss.errors import InputError
from leastloss.models import MLP, BinarizedMLP, build_model
from leastloss.models.features import captured_inputs, penultimate_features
from leastloss.models.layers import effective_weight, hidden_units, prunable_layers


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


def test_hidden_units_need_a_chain() -> None:
    assert hidden_units(BinarizedMLP(6, (5, 4), 3)) == {
        "layers.0": "layers.3",
        "layers.3": "layers.6",
    }
    with pytest.raises(InputError, match="no hidden layer"):
        hidden_units(nn.Linear(3, 2))
    with pytest.raises(InputError, match="chain of Linear layers"):
        hidden_units(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)))
    with pytest.raises(InputError, match="does not feed"):
        hidden_units(nn.ModuleList([nn.Linear(3, 4), nn.Linear(5, 2)]))


def test_effective_weight_is_ternary_in_a_binary_network() -> None:
    model = BinarizedMLP(6, (5,), 3)
    layer = prunable_layers(model)["layers.0"]
    layer.mask[0] = 0  # type: ignore[index]  # a BinaryLinear
    assert set(effective_weight(layer).unique().tolist()) <= {-1.0, 0.0, 1.0}
    assert effective_weight(layer)[0].abs().sum() == 0
    assert not effective_weight(layer).requires_grad


def test_impossible_widths_are_refused() -> None:
    with pytest.raises(InputError, match="hidden=\\(0,\\)"):
        MLP(4, (0,), 2)
    with pytest.raises(InputError, match="unknown model 'mpl'; did you mean 'mlp'"):
        build_model("mpl", 4, (3,), 2)


def test_penultimate_features_are_what_the_last_layer_reads() -> None:
    model = MLP(4, (3,), 2).train()
    x = torch.rand(10, 4)
    expected = model.layers[1](model.layers[0](x))
    assert torch.allclose(penultimate_features(model, x, batch_size=3), expected)
    assert model.training


def test_hooks_come_off_when_the_network_fails() -> None:
    model = MLP(4, (3,), 2)
    layers = dict(prunable_layers(model))
    with pytest.raises(RuntimeError), captured_inputs(layers):
        model(torch.zeros(2, 7))
    assert not any(layer._forward_pre_hooks for layer in layers.values())
