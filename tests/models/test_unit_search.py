"""Units of chains are those of old; others are traced."""

import sys

import pytest
import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models import MLP, BinarizedMLP, ConvNet
from leastloss.models.unit_search import checked_chain, find_units

X = torch.rand(4, 6)


class Net(nn.Module):
    """Three layers of one width, so that their sizes fit in any order."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        if kind == "reordered":
            self.second, self.first = nn.Linear(6, 6), nn.Linear(6, 6)
        else:
            self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.first(x))
        if self.kind == "twice":
            h = torch.relu(self.first(h))
        after = torch.relu(self.second(h))
        return self.head(after + h if self.kind == "residual" else after)


class Last(nn.Module):
    """Moves the channels behind the positions."""

    def forward(self, x: Tensor) -> Tensor:
        return x.movedim(1, -1)


class Mean(nn.Module):
    """The mean over the positions of a sequence."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=1)


def images(*between: nn.Module, read: int = 3 * 16) -> nn.Sequential:
    """A convolution with three channels on 4x4 maps and a linear layer, with something between."""
    conv = nn.Conv2d(1, 3, 3, padding=1)
    return nn.Sequential(
        nn.Unflatten(1, (1, 2, 3)), nn.Upsample(4), conv, *between, nn.Linear(read, 3)
    )


CHAINS = {
    "mlp": MLP(6, (5, 4), 3),
    "binary": BinarizedMLP(6, (5, 4), 3),
    "plain": Net("plain"),
    "convnet": ConvNet((1, 2, 3), (4, 4, 5), 3),
    "pooled": images(
        nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(), read=12
    ),
    "averaged": images(nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), read=3),
    "sequence": images(nn.GELU(), Last(), nn.Flatten(1, 2), nn.Linear(3, 4), Mean(), read=4),
    "leaky": nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.LeakyReLU(), nn.Linear(5, 3)),
}


@pytest.mark.parametrize("kind", CHAINS)
def test_plain_chains_pass_and_stay_as_they_are(kind: str) -> None:
    model = CHAINS[kind]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    checked_chain(model, X)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.training
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("reordered", "run as first -> second -> head"),
        ("residual", "reach more than layer 'second'"),
        ("twice", "run as first -> first -> second"),
    ],
)
def test_what_only_looks_like_a_chain_is_refused(kind: str, message: str) -> None:
    model = Net(kind)
    with pytest.raises(InputError, match=message):
        checked_chain(model, X)


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5), nn.ReLU(), nn.Linear(5, 3)),
        nn.Sequential(nn.Linear(6, 5), nn.Softmax(dim=1), nn.Linear(5, 3)),
        images(nn.GroupNorm(1, 3), nn.ReLU(), nn.Flatten()),
        images(nn.ReLU(), Last(), nn.Flatten()),
    ],
    ids=["layernorm", "softmax", "groupnorm", "channels-last"],
)
def test_units_that_mix_before_they_are_read_are_refused(model: nn.Module) -> None:
    with pytest.raises(InputError, match=r"mix before layer '\d' reads them"):
        checked_chain(model, X)


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
