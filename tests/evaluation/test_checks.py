"""Networks that do not fit the data are refused in one line before any training or pruning."""

import pytest
import torch
from torch import Tensor, nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.evaluation.checks import check_network


class Pair(nn.Module):
    """Returns its hidden units as well."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(64, 8), nn.Linear(8, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.first(x.flatten(1)).relu()
        return self.last(hidden), hidden


def flat(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), *layers)


WRONG = {
    "tuple": (Pair, r"returned a tuple; .*: wrap it in ll\.Adapted\(network\), which reads"),
    "few": (lambda: flat(nn.Linear(64, 9)), "logits have 9 columns; there are 10 classes"),
    "many": (lambda: flat(nn.Linear(64, 11)), "logits have 11 columns"),
    "width": (lambda: flat(nn.Linear(65, 10)), r"does not run on samples of shape \(1, 8, 8\): "),
    "maps": (lambda: flat(nn.BatchNorm2d(1), nn.Linear(64, 10)), "does not run on samples"),
    "images": (lambda: nn.Linear(8, 10), r"it must return logits of shape \(2, classes\)"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_network_that_does_not_fit(kind: str, data: Data) -> None:
    make, message = WRONG[kind]
    for refused in (
        lambda: check_network(make(), data.train),
        lambda: ll.prune(make(), data, "magnitude", recovery="adjust", progress=False),
        lambda: ll.logit_adjusted(make(), data),
        lambda: ll.fit(make(), data, epochs=1, progress=False),
    ):
        with pytest.raises(InputError, match=message) as caught:
            refused()
        assert "\n" not in str(caught.value)


class Codes(nn.Module):
    """Reads integers and has no embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(9, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(nn.functional.one_hot(x, 9).float().mean(1))  # type: ignore[no-any-return]


def tokens(*last: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(28, 8), nn.ReLU(), *last)


FORMS = {
    "integers": (lambda: tokens(nn.Linear(8, 2)), r"shape \(7,\): it reads integers; wrap it in "),
    "codes": (Codes, "it reads integers; wrap it in "),
    "binary": (lambda: ll.Adapted(tokens(nn.Linear(8, 1))), "have 1 column; there are 2 classes; "),
    "flat": (
        lambda: ll.Adapted(tokens(nn.Linear(8, 1), nn.Flatten(0))),
        r"must return logits of shape \(2, classes\), .*; wrap ",
    ),
}


@pytest.mark.parametrize("kind", FORMS)
def test_the_line_says_how_a_network_of_another_form_is_wrapped(kind: str) -> None:
    make, message = FORMS[kind]
    x = torch.randint(0, 9, (40, 7), generator=torch.Generator().manual_seed(0))
    pair = x, torch.arange(40) % 2
    option = "integers" if kind in ("integers", "codes") else "binary"
    for refused in (
        lambda: ll.prune(make(), pair, "magnitude", progress=False),
        lambda: ll.fit(make(), pair, epochs=1, progress=False),
    ):
        with pytest.raises(InputError, match=message) as caught:
            refused()
        assert f"ll.Adapted(network, {option}=True)" in str(caught.value)
        assert "\n" not in str(caught.value)
    network = make()
    network = network.network if isinstance(network, ll.Adapted) else network
    ll.fit(ll.Adapted(network, **{option: True}), pair, epochs=1, progress=False)


def test_units_of_a_network_that_returns_a_pair(data: Data) -> None:
    with pytest.raises(InputError, match="the model returned a tuple"):
        ll.prune(Pair(), data, "margin", granularity="unit", to_sparsity=0.5, progress=False)


def test_no_network_at_all(data: Data) -> None:
    with pytest.raises(InputError, match=r"model is 'mlp'; it must be a torch\.nn\.Module"):
        ll.prune("mlp", data, progress=False)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InputError, match=r"model is 'mlp'; it must be a torch\.nn\.Module"):
        ll.fit("mlp", data, progress=False)  # type: ignore[arg-type]  # wrong on purpose


def test_mode_and_weights_stay(data: Data) -> None:
    model = flat(nn.Linear(64, 10), nn.BatchNorm1d(10)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    check_network(model, data.train)
    assert model[2].training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
