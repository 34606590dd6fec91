import pytest
import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models import MLP, BinarizedMLP
from leastloss.models.chain import check_chain
from leastloss.models.layers import hidden_units

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


@pytest.mark.parametrize("model", [MLP(6, (5, 4), 3), BinarizedMLP(6, (5, 4), 3), Net("plain")])
def test_plain_chains_pass_and_stay_as_they_are(model: nn.Module) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    check_chain(model, X, hidden_units(model))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


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
