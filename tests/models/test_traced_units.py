"""Units of any network: what is coupled, and what is left out."""

import threading

import pytest
import torch
import torch_pruning
from tests.models.coupled_cases import coupled_case
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models.traced_units import _ending, traced_units

# First layer of each kind of units -> how many, what else makes them, what reads them.
EXPECTED = {
    "mobile": {"0": (6, ["3"], ["6"]), "6": (4, [], ["10"])},
    "grouped": {"0": (2, [], ["3"]), "3": (3, [], ["5"]), "5": (5, [], ["9"])},
    "concatenated": {
        "first": (4, [], ["second", "third"]),
        "second": (5, [], ["third"]),
        "third": (6, [], ["head"]),
    },
    "squeeze": {"conv": (6, ["up"], ["head", "down"]), "down": (2, [], ["up"])},
    "option-a": {
        f"layer{i}.0.conv1": (size, [], [f"layer{i}.0.conv2"])
        for i, size in ((1, 16), (2, 32), (3, 64))
    },
}
EXPECTED["option-b"] = EXPECTED["option-a"] | {
    "conv1": (16, ["layer1.0.conv2"], ["layer1.0.conv1", "layer2.0.conv1", "layer2.0.shortcut.0"]),
    "layer2.0.conv2": (32, ["layer2.0.shortcut.0"], ["layer3.0.conv1", "layer3.0.shortcut.0"]),
    "layer3.0.conv2": (64, ["layer3.0.shortcut.0"], ["linear"]),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_which_layers_share_units(kind: str) -> None:
    model, x = coupled_case(kind)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    units, left_out = traced_units(model, x[:2])
    seen = {n: (len(u), list(u.rows)[1:], list(u.columns)) for n, u in units.items()}
    assert seen == EXPECTED[kind]
    assert list(left_out) == (["conv1"] if kind == "option-a" else [])
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_where_the_units_stand() -> None:
    units, _ = traced_units(*coupled_case("concatenated"))
    assert units["second"].columns["third"].flatten().tolist() == [4, 5, 6, 7, 8]
    assert units["second"].norms is not None
    assert units["second"].norms["norm"].flatten().tolist() == [4, 5, 6, 7, 8]
    units, _ = traced_units(*coupled_case("grouped"))
    assert units["0"].rows["0"].tolist() == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert units["0"].columns["3"].tolist() == [[0], [1]]  # of the two in each group
    assert units["3"].columns["5"].tolist() == [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]]
    units, _ = traced_units(*coupled_case("mobile"))
    assert units["6"].columns["10"].tolist()[1] == [4, 5, 6, 7]  # flattened: four positions


class Halves(nn.Module):
    """The groups of the second layer read two different layers."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)
        self.both, self.head = nn.Conv2d(8, 6, 1, groups=2), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.both(torch.cat([self.one(x), self.two(x)], 1)).mean((2, 3)))


def test_a_layer_that_is_left_out_is_named_with_the_reason() -> None:
    units, left_out = traced_units(Halves(), torch.rand(2, 3, 4, 4))
    assert list(units) == ["both"]
    assert left_out["one"] == "are read by some groups of layer 'both' and not by all"
    norm = nn.Sequential(nn.Conv2d(3, 4, 1), nn.GroupNorm(2, 4), nn.Flatten(), nn.Linear(64, 2))
    assert traced_units(norm, torch.rand(2, 3, 4, 4)) == (
        {},
        {"0": "pass '1' (GroupNorm), whose share of a unit is not known"},
    )


def test_code_that_cannot_be_traced() -> None:
    with pytest.raises(InputError, match=r"the network cannot be traced: .*mat1 and mat2"):
        traced_units(nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2)), torch.rand(1, 3))


def test_frozen_networks_and_float64() -> None:
    model, x = coupled_case("option-b")
    units, _ = traced_units(model.double().requires_grad_(requires_grad=False), x[:1])
    assert len(units) == 6
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_walks_of_many_threads_leave_the_library_as_it_was() -> None:
    graph = torch_pruning.DependencyGraph()
    names = graph.get_pruning_group.__globals__
    before, inside = names["Group"], []
    first, second = threading.Event(), threading.Event()

    def walk(entered: threading.Event, until: threading.Event) -> None:
        with _ending(graph):
            inside.append(names["Group"].__bases__)
            entered.set()
            until.wait(0.2)  # the walk that began first ends first

    walks = [threading.Thread(target=walk, args=(first, second))]
    walks.append(threading.Thread(target=walk, args=(second, threading.Event())))
    walks[0].start()
    first.wait()
    names["other"] = "set meanwhile"
    walks[1].start()
    for thread in walks:
        thread.join()
    assert names["Group"] is before
    assert names.pop("other") == "set meanwhile"
    assert inside == [(before,)] * 2
