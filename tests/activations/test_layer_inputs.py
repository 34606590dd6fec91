"""What layers read: rows against the layers themselves, the order of the run, and early stops."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from leastloss.activations.layer_inputs import (
    outputs_of,
    repairable_layers,
    rows_of,
    run_order,
)
from leastloss.errors import InputError

CONVOLUTIONS: list[dict[str, Any]] = [
    {"kernel_size": 3},
    {"kernel_size": 3, "padding": 1, "stride": 2},
    {"kernel_size": (2, 3), "padding": (1, 0), "stride": (1, 2)},
    {"kernel_size": 3, "dilation": 2, "padding": 2},
    {"kernel_size": 3, "groups": 2},
    {"kernel_size": 3, "groups": 4, "padding": 1},
    {"kernel_size": (2, 5), "padding": "same"},
    {"kernel_size": 3, "padding": "same", "dilation": 2},
    {"kernel_size": 3, "padding": "valid"},
    {"kernel_size": 3, "padding": 1, "padding_mode": "circular"},
    {"kernel_size": (3, 5), "padding": (1, 2), "padding_mode": "reflect", "stride": 2},
    {"kernel_size": 3, "padding": "same", "padding_mode": "replicate", "groups": 2},
    {"kernel_size": 1, "bias": False},
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("options", CONVOLUTIONS, ids=str)
def test_rows_times_weights_are_the_convolution(options: dict[str, Any]) -> None:
    layer = nn.Conv2d(4, 8, **options).double()
    x = torch.randn(3, 4, 7, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for most in (0, 3):
        starts = torch.tensor([0.0, 0.5, 0.99])
        rows = rows_of(layer, x, starts, most)
        weights = layer.weight.flatten(2).unflatten(0, (layer.groups, -1))
        z = torch.einsum("gnpct,goct->gnpo", rows, weights)
        if layer.bias is not None:
            z = z + layer.bias.view(layer.groups, 1, 1, -1)
        torch.testing.assert_close(z, outputs_of(layer, layer(x), starts, most))


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 5)])
def test_rows_times_weights_are_the_linear_layer(shape: tuple[int, ...]) -> None:
    layer = nn.Linear(5, 2).double()
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = rows_of(layer, x)
    assert rows.shape == (1, 3, x[0].numel() // 5, 5, 1)
    expected = layer(x).reshape(3, -1, 2)
    torch.testing.assert_close(rows[0, ..., 0] @ layer.weight.T + layer.bias, expected)


@pytest.mark.parametrize("layer", [nn.Conv2d(2, 3, 2), nn.Linear(6, 3)])
def test_some_positions_are_some_of_all(layer: nn.Conv2d | nn.Linear) -> None:
    x = torch.randn(2, 2, 5, 6, generator=torch.Generator().manual_seed(0))
    every = rows_of(layer, x)
    count = every.shape[2]
    for most in (1, 2, 3, 7, count, 10**6):
        some = rows_of(layer, x, torch.tensor([0.0, 0.9]), most)
        assert some.shape[2] == min(most, count)
        for n in range(2):
            places = [
                next(p for p in range(count) if torch.equal(every[:, n, p], some[:, n, s]))
                for s in range(some.shape[2])
            ]
            assert places == sorted(set(places))  # no position twice


class Turned(nn.Module):
    """Runs its layers in another order than it lists them; one as often as asked, one never."""

    def __init__(self, times: int = 1) -> None:
        super().__init__()
        self.times = times
        self.last, self.middle, self.first = (nn.Linear(3, 3) for _ in range(3))
        self.spare = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        for _ in range(self.times):
            h = self.middle(h)
        out: Tensor = self.last(h)
        return out


def test_layers_are_listed_as_they_run() -> None:
    x = torch.zeros(1, 3)
    assert run_order(Turned(), x, ["last", "middle", "first"]) == ["first", "middle", "last"]
    assert run_order(Turned(2), x, ["last", "first"]) == ["first", "last"]
    with pytest.raises(InputError, match="layer 'middle' is called 2 times in a forward pass"):
        run_order(Turned(2), x, ["last", "middle", "first"])
    with pytest.raises(InputError, match="layer 'spare' is called 0 times"):
        run_order(Turned(), x, ["last", "spare"])


def test_an_error_in_the_network_leaves_no_hook() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(2, 2)).train()
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        run_order(net, torch.zeros(1, 3), ["0", "1"])
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    assert all(module.training for module in net.modules())


def test_repairs_leave_out_what_is_not_pruned_and_not_theirs() -> None:
    x, net = torch.zeros(1, 3), Turned()
    assert list(repairable_layers(net, x, ["last"])) == ["first", "middle", "last"]
    net.times = 2
    assert list(repairable_layers(net, x, ["last"])) == ["first", "last"]
    with pytest.raises(InputError, match="layer 'middle' is called 2 times"):
        repairable_layers(net, x, ["middle"])
    with pytest.raises(InputError, match="layer 'spare' is called 0 times"):
        repairable_layers(net, x, ["last", "spare"])
    net.times, net.first.weight = 1, net.middle.weight
    assert list(repairable_layers(net, x, ["last"])) == ["last"]
    weight_norm(net.last)
    net.first = nn.Linear(3, 3)
    assert list(repairable_layers(net, x, ["middle"])) == ["first", "middle"]
