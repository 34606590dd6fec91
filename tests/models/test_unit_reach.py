"""Units that reach more than is said are found out by running the network."""

import pytest
import torch
from tests.models.coupled_cases import coupled_case
from torch import Tensor, nn

from leastloss.models.traced_units import traced_units
from leastloss.models.unit_reach import inputs_of, is_depthwise, stray_units
from leastloss.models.units import CoupledLayers, chain_units

X = torch.rand(3, 4)


class Added(nn.Module):
    """The first two layers are added, and both sums are read."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 5), nn.Linear(5, 5), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = self.a(x).relu_()
        return self.c(h + self.b(h))


def test_coupled_layers_pass_together_and_fail_apart() -> None:
    every = torch.arange(5)[:, None]
    whole = CoupledLayers({"a": every, "b": every}, {"b": every, "c": every})
    assert stray_units(Added(), X, {"a": whole}) == {}
    alone = {"a": CoupledLayers({"a": every}, {"b": every})}
    assert "reach more than layer 'b'" in stray_units(Added(), X, alone)["a"]
    # Told apart although another layer's units are moved at the same time.
    both = alone | {"b": CoupledLayers({"b": every}, {"c": every})}
    assert list(stray_units(Added(), X, both)) == ["a"]


def test_columns_of_other_units_are_found() -> None:
    turned = CoupledLayers({"0": torch.arange(3)[:, None]}, {"2": torch.tensor([[1], [2], [0]])})
    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    assert "mix before layer '2'" in stray_units(net, X, {"0": turned})["0"]
    assert stray_units(net, X, chain_units(net)) == {}


def test_a_layer_that_runs_twice_is_named() -> None:
    class Twice(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return self[1](self[1](self[0](x)))

    net = Twice(nn.Linear(4, 4), nn.Linear(4, 4))
    assert stray_units(net, X, chain_units(net)) == {"0": "pass layer '1', which runs 2 times"}


@pytest.mark.parametrize("kind", ["option-b", "mobile", "grouped", "squeeze"])
def test_a_wrong_column_is_found_in_any_structure(kind: str) -> None:
    model, x = coupled_case(kind)
    units, _ = traced_units(model, x[:2])
    assert stray_units(model, x[:2], units) == {}
    name, coupled = next(iter(units.items()))
    reader, columns = next(iter(coupled.columns.items()))
    wrong = CoupledLayers(coupled.rows, {**coupled.columns, reader: columns.roll(1, dims=0)})
    assert list(stray_units(model, x[:2], units | {name: wrong})) == [name]


def test_what_a_convolution_reads() -> None:
    assert is_depthwise(nn.Conv2d(3, 3, 1, groups=3))
    assert not any(is_depthwise(m) for m in (nn.Conv2d(1, 1, 1), nn.Conv2d(3, 6, 1, groups=3)))
    assert inputs_of(nn.Linear(3, 2), torch.tensor([[2]])).tolist() == [[2]]


def test_the_first_that_is_wrong_is_enough() -> None:
    net = nn.Sequential(nn.Linear(4, 5), nn.Softmax(-1), nn.Linear(5, 6), nn.Softmax(-1))
    net.append(nn.Linear(6, 2))
    units = chain_units(net)
    assert list(stray_units(net, X, units)) == ["0", "2"]
    assert list(stray_units(net, X, units, first=True)) == ["0"]


def test_sequences_of_as_many_steps_as_channels() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    x = torch.rand(2, 3, 4)
    assert stray_units(net, x, chain_units(net)) == {}
    mixed = nn.Sequential(net[0], nn.Softmax(dim=1), net[2])  # over the steps, channel by channel
    assert stray_units(mixed, x, chain_units(mixed)) == {}
