"""What the last layer reads."""

import pytest
import torch
from torch import nn

from leastloss.models import MLP
from leastloss.models.features import last_layer
from leastloss.models.layers import prunable_layers


class _HeadFirst(nn.Module):
    """Registers its layers in another order than it runs them; has a layer that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.first, self.unused = nn.Linear(6, 3), nn.Linear(6, 6), nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.first(x)))


def test_penultimate_features_are_what_the_last_layer_reads() -> None:
    model = MLP(4, (3,), 2).train()
    x = torch.rand(10, 4)
    expected = model.layers[1](model.layers[0](x))
    assert torch.allclose(last_layer(model, x, batch_size=3).inputs, expected)
    assert model.training


def test_hooks_come_off_when_the_network_fails() -> None:
    model = MLP(4, (3,), 2)
    with pytest.raises(RuntimeError):
        last_layer(model, torch.zeros(2, 7))
    layers = prunable_layers(model).values()
    assert not any(layer._forward_pre_hooks for layer in layers)


def test_the_last_layer_is_the_one_that_runs_last() -> None:
    model, x = _HeadFirst(), torch.rand(5, 6)
    assert torch.allclose(last_layer(model, x).inputs, torch.relu(model.first(x)))
