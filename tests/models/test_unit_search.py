"""Units of chains are those of old; others are traced."""

import sys

import pytest
import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models import MLP
from leastloss.models.unit_search import find_units


def test_a_chain_needs_no_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_pruning", None)
    model = MLP(4, (3, 5), 2)
    units, left_out = find_units(model, torch.rand(2, 4))
    assert {name: list(coupled.columns) for name, coupled in units.items()} == {
        "layers.0": ["layers.2"],
        "layers.2": ["layers.4"],
    }
    assert left_out == {}
    assert list(find_units(model)[0]) == list(units)


class Skipping(nn.Module):
    """Looks like a chain, and adds its input again."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.inner, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x).relu()
        return self.last(h + self.inner(h).relu())


def test_what_only_looks_like_a_chain_is_traced() -> None:
    units, _ = find_units(Skipping(), torch.rand(2, 4))
    assert [list(coupled.rows) for coupled in units.values()] == [["first", "inner"]]


def test_what_is_wrong_is_said_in_one_line() -> None:
    with pytest.raises(InputError, match="no hidden layer"):
        find_units(nn.Linear(4, 2), torch.rand(2, 4))
    with pytest.raises(InputError, match="'0' does not feed '1'"):  # it cannot run
        find_units(nn.Sequential(nn.Linear(4, 3), nn.Linear(5, 2)), torch.rand(2, 4))
    mixed = nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3), nn.Linear(3, 2))
    with pytest.raises(InputError, match=r"layer '0' pass '1' \(LayerNorm\).*'weight'$"):
        find_units(mixed, torch.rand(2, 4))


def test_layers_that_have_a_linear_form_are_named() -> None:
    sound = nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    with pytest.raises(InputError, match=r"no units; .*; ll.linear_form makes layers of Conv1d$"):
        find_units(sound, torch.rand(2, 2, 4))
