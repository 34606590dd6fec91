"""Batches that wait for each other at layers, against the network run plainly."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest
import torch
from tests.criteria.cases import residual, split
from torch import Tensor, nn

from leastloss.activations import in_lockstep
from leastloss.errors import InputError


def test_stops_show_what_layers_read_once_those_before_were_changed() -> None:
    model, x = residual(), split().x.double()
    layers = {name: getattr(model, name) for name in ("one", "two", "three", "head")}
    read = {}
    outputs: list[Tensor] = []
    for stop in in_lockstep(model, layers, x.split(5), outputs):
        read[stop.name] = torch.cat(stop.inputs)
        with torch.no_grad():
            layers[stop.name].weight.mul_(1.5)
    assert list(read) == [*layers]
    handles = [
        layer.register_forward_pre_hook(
            lambda _, args, name=name: torch.testing.assert_close(args[0], read[name])
        )
        for name, layer in layers.items()
    ]
    torch.testing.assert_close(torch.cat(outputs), model(x))
    assert len(handles) == 4


def test_the_network_is_left_as_it_was_wherever_one_stops() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.Linear(2, 2)).train()
    for _ in in_lockstep(net, {"0": net[0], "2": net[2]}, [torch.ones(3, 2), torch.ones(1, 2)]):
        assert torch.is_grad_enabled()
        break
    assert all(module.training for module in net.modules())
    assert not any(module._forward_pre_hooks for module in net.modules())


def test_errors_of_the_network_come_through() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 3))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        list(in_lockstep(net, {"0": net[0]}, [torch.ones(3, 2)] * 2))
    assert not any(module._forward_pre_hooks for module in net.modules())


class Skips(nn.Module):
    """Leaves a layer out, by what it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(1, 1), nn.Linear(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.one(x) if float(x.sum()) > 0 else x
        out: Tensor = self.two(y)
        return out


def test_batches_that_part_are_refused() -> None:
    net = Skips()
    with pytest.raises(InputError, match="batches take different ways through the network"):
        list(in_lockstep(net, dict(net.named_children()), [torch.ones(1, 1), -torch.ones(1, 1)]))
    assert not any(module._forward_pre_hooks for module in net.modules())


def test_a_layer_that_runs_twice_is_stopped_at_twice() -> None:
    layer = nn.Linear(1, 1)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    assert [s.name for s in in_lockstep(net, {"it": layer}, [torch.ones(1, 1)])] == ["it", "it"]


class Switches(nn.Module):
    """Switches something of the thread on while it runs."""

    def __init__(self, switch: Callable[[], AbstractContextManager[object]]) -> None:
        super().__init__()
        self.one, self.two, self.switch = nn.Linear(2, 2), nn.Linear(2, 2), switch

    def forward(self, x: Tensor) -> Tensor:
        with self.switch():
            out: Tensor = self.two(self.one(x))
        return out


@pytest.mark.parametrize(
    "switch",
    [torch.inference_mode, torch.enable_grad, lambda: torch.autocast("cpu", torch.bfloat16)],
)
def test_what_a_forward_pass_switches_on_stays_within_it(
    switch: Callable[[], AbstractContextManager[object]],
) -> None:
    net = Switches(switch)
    for _ in in_lockstep(net, {"one": net.one, "two": net.two}, [torch.ones(3, 2)] * 3):
        assert not torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")
        assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    assert not torch.is_autocast_enabled("cpu")
    assert torch.is_grad_enabled()


class Threaded(nn.Module):
    """Runs its layer in another thread, as DataParallel does."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        with ThreadPoolExecutor(1) as pool:
            out: Tensor = pool.submit(self.layer, x).result()
        return out


def test_layers_in_other_threads_are_refused_in_one_line() -> None:
    net = Threaded()
    with pytest.raises(InputError, match="runs in another thread than its network"):
        list(in_lockstep(net, {"layer": net.layer}, [torch.ones(1, 2)]))
