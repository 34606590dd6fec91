"""Networks over samples; what does not fit is refused in one line before anything is trained."""

import pytest
import torch
from torch import Tensor, nn

import leastloss as ll
from leastloss.data import Data, Split
from leastloss.errors import InputError
from leastloss.evaluation import check_network, evaluate, predict


def network():
    torch_state = torch.Generator().manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(12, 5), nn.BatchNorm1d(5), nn.Dropout(), nn.ReLU()
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch_state))
    return model


def test_evaluation_mode_during_and_each_mode_back_afterwards():
    model = network()
    model.train()
    model[2].eval()
    before = [module.training for module in model.modules()]
    statistics = model[2].running_mean.clone()
    x = torch.rand(9, 3, 2, 2)
    first, second = predict(model, x), predict(model, x)
    assert torch.equal(first, second)  # dropout would make them differ
    assert [module.training for module in model.modules()] == before
    assert torch.equal(model[2].running_mean, statistics)
    assert not first.requires_grad


def test_mode_comes_back_after_a_failure():
    model = network().train()
    with pytest.raises(InputError, match="does not run on samples of shape"):
        predict(model, torch.rand(4, 7))
    assert model.training


def test_batches_do_not_matter():
    model, x = network(), torch.rand(10, 12)
    assert torch.allclose(predict(model, x, batch_size=3), predict(model, x), atol=1e-6)


class Exported(nn.Module):
    """Behaves as what torch.export gives: always ready to evaluate, and no mode to set."""

    def forward(self, x):
        return 2 * x

    def train(self, mode=True):
        raise NotImplementedError("Calling train() is not supported yet.")

    def eval(self):
        raise NotImplementedError("Calling eval() is not supported yet.")


def test_logits_of_positions_stay_where_they_are():
    x = torch.rand(5, 3, 4)
    assert torch.equal(predict(nn.Identity(), x, batch_size=2), x)


def test_an_exported_program_can_be_evaluated():
    assert torch.equal(predict(Exported(), torch.eye(3)), 2 * torch.eye(3))


@pytest.mark.parametrize(
    ("model", "x", "batch_size", "message"),
    [
        (nn.Identity(), torch.zeros(0, 3), 8, "no samples"),
        (nn.Identity(), torch.zeros(2, 3), 0, "batch_size is 0"),
        (nn.Flatten(0), torch.zeros(2, 3), 8, "must return logits"),
    ],
)
def test_bad_input(model, x, batch_size, message):
    with pytest.raises(InputError, match=message):
        predict(model, x, batch_size)


def test_evaluate_reads_split_and_minority():
    split = Split(torch.eye(3), torch.tensor([0, 1, 1]), 3, (1,))
    found = evaluate(torch.nn.Identity(), split)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["minority_recall"] == 0.5
    assert found["loss"] > 0


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
