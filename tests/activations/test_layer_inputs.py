"""What layers read: rows against the layers themselves, the order of the run, and early stops."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from leastloss.activations.layer_inputs import input_of, repairable_layers, rows_of, run_order
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
    rows = rows_of(layer, x)
    weights = layer.weight.flatten(1).unflatten(0, (layer.groups, -1))
    z = torch.einsum("npgd,god->npgo", rows, weights).flatten(2)
    if layer.bias is not None:
        z = z + layer.bias
    torch.testing.assert_close(z, layer(x).flatten(2).transpose(1, 2))


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 5)])
def test_rows_times_weights_are_the_linear_layer(shape: tuple[int, ...]) -> None:
    layer = nn.Linear(5, 2).double()
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = rows_of(layer, x)
    assert rows.shape == (3, x[0].numel() // 5, 1, 5)
    expected = layer(x).reshape(3, -1, 2)
    torch.testing.assert_close(rows[:, :, 0] @ layer.weight.T + layer.bias, expected)


@pytest.mark.parametrize("layer", [nn.Conv2d(2, 3, 2), nn.Linear(6, 3)])
def test_some_positions_are_some_of_all(layer: nn.Conv2d | nn.Linear) -> None:
    x = torch.randn(2, 2, 5, 6, generator=torch.Generator().manual_seed(0))
    every = rows_of(layer, x)
    for most in (1, 2, 3, 7, every.shape[1], 10**6):
        some = rows_of(layer, x, most)
        assert some.shape[1] == min(most, every.shape[1])
        places = [
            next(p for p in range(every.shape[1]) if torch.equal(every[:, p], some[:, s]))
            for s in range(some.shape[1])
        ]
        assert places == sorted(set(places))  # no position twice


class Tail(nn.Module):
    """Counts how often it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0

    def forward(self, x: Tensor) -> Tensor:
        self.runs += 1
        return x


def test_the_run_stops_at_the_layer() -> None:
    tail = Tail()
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), tail)
    x = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(input_of(net, net[2], x), net[0](x).relu())
    assert tail.runs == 0
    net(x)  # nothing of the stop is left behind
    assert tail.runs == 1
    assert not any(module._forward_pre_hooks for module in net.modules())


def test_the_run_is_in_evaluation_mode_and_restores_it() -> None:
    net = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(), nn.Linear(2, 3)).double().train()
    net[1].eval()
    state = {name: value.clone() for name, value in net.state_dict().items()}
    x = torch.ones(4, 2)  # float32: comes in the type of the network
    found = input_of(net, net[2], x)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, torch.ones(4, 2).double() / (1 + 1e-5) ** 0.5)
    assert run_order(net, x, ["2"]) == ["2"]
    assert [module.training for module in net] == [True, False, True]
    assert all(torch.equal(state[name], value) for name, value in net.state_dict().items())


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
    net = Turned()
    with pytest.raises(InputError, match="is not called in a forward pass"):
        input_of(net, net.spare, x)


def test_an_error_in_the_network_leaves_no_hook() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(2, 2)).train()
    for run in (lambda: input_of(net, nn.Linear(1, 1), torch.zeros(1, 3)),
                lambda: run_order(net, torch.zeros(1, 3), ["0", "1"])):  # fmt: skip
        with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
            run()
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
