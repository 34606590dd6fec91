import pytest
import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models import MLP, BinarizedMLP, ConvNet
from leastloss.models.chain import check_chain
from leastloss.models.units import hidden_units

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
    check_chain(model, X, hidden_units(model))
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
        check_chain(model, X, hidden_units(model))


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
        check_chain(model, X, hidden_units(model))
