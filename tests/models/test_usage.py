"""Layers whose weight is not what they multiply with, or is used by others too, are refused."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import leastloss as ll
from leastloss.errors import InputError
from leastloss.models import MLP, BinarizedMLP, ConvNet
from leastloss.models.usage import check_usage, misused
from leastloss.pruning import as_recovery

X, LABELS = torch.rand(80, 8, generator=torch.Generator().manual_seed(0)), torch.arange(80) % 4


class Standardised(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        mean, spread = self.weight.mean(1, keepdim=True), self.weight.std(1, keepdim=True)
        return functional.linear(x, (self.weight - mean) / spread, self.bias)


class StandardisedConv(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        mean = self.weight.mean((1, 2, 3), keepdim=True)
        return self._conv_forward(x, self.weight - mean, self.bias)


class Added(nn.Linear):
    """A weight of low rank beside its own."""

    def __init__(self) -> None:
        super().__init__(8, 6)
        self.low, self.rank = nn.Parameter(torch.rand(6, 1)), nn.Parameter(torch.rand(1, 8))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + x @ (self.low @ self.rank).T


class Renormed(nn.Linear):
    """Bounds its weight in place before it multiplies with it, as EEGNet does."""

    def forward(self, x: Tensor) -> Tensor:
        self.weight.data = torch.renorm(self.weight.data, 2, 0, 0.5)
        return super().forward(x)


class SameOtherwise(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight.T + self.bias


class Tied(nn.Module):
    """Reads its features through the transposed weight of its first layer."""

    def __init__(self, *, direct: bool = False) -> None:
        super().__init__()
        self.a, self.b, self.direct = nn.Linear(8, 6), nn.Linear(8, 4), direct

    def forward(self, x: Tensor) -> Tensor:
        h = self.a.forward(x) if self.direct else self.a(x)
        return self.b(functional.linear(h.relu(), self.a.weight.t()))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.att = nn.Linear(8, 8), nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)[:, None].expand(-1, 3, -1)
        return self.head(self.att(h, h, h)[0].mean(1))


class Noisy(nn.Module):
    """Draws random numbers in evaluation too: of torch, and of a stream of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.own = nn.Linear(8, 6), nn.Linear(6, 4), torch.Generator()

    def forward(self, x: Tensor) -> Tensor:
        h = functional.dropout(self.a(x).relu(), training=True)
        return self.b(h + torch.rand(6, generator=self.own))


ELSEWHERE = torch.Generator()


class NoisyElsewhere(nn.Sequential):
    """Draws from a stream that no copy of the network takes along."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + torch.rand(4, generator=ELSEWHERE)


def stack(first: nn.Module) -> nn.Module:
    return nn.Sequential(first, nn.ReLU(), nn.Linear(6, 4))


def maps() -> nn.Module:
    conv = StandardisedConv(1, 3, 3, padding=1)
    return nn.Sequential(nn.Unflatten(1, (1, 2, 4)), conv, nn.Flatten(), nn.Linear(24, 4))


REFUSED: dict[str, tuple[Callable[[], nn.Module], str, str]] = {
    "standardised": (
        lambda: stack(Standardised(8, 6)),
        r"layer '0' \(Standardised\) gives something else",
        "['2']",
    ),
    "convolution": (maps, r"layer '1' \(StandardisedConv\) gives something else", "['3']"),
    "low-rank": (lambda: stack(Added()), r"layer '0' \(Added\) gives something else", "['2']"),
    "tied": (Tied, "the weight of layer 'a' is used a second time, outside of the layer", "['b']"),
    "direct": (lambda: Tied(direct=True), "Tied uses the weight of 'a' without calling", "['b']"),
    "attention": (
        Attention,
        "MultiheadAttention uses the weight of 'att.out_proj' without calling the layer",
        "['first', 'head']",
    ),
}
FINE: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": (lambda: MLP(8, (6,), 4), (8,)),
    "binary": (lambda: BinarizedMLP(8, (6,), 4), (8,)),
    "convnet": (lambda: ConvNet((1, 8, 8), (4, 4), 4), (1, 8, 8)),
    "half": (lambda: MLP(8, (6,), 4).to(torch.float16), (8,)),
    "bfloat16": (lambda: ConvNet((1, 8, 8), (4, 4), 4).to(torch.bfloat16), (1, 8, 8)),
    "float64": (lambda: MLP(8, (6,), 4).double(), (8,)),
    "renormed": (lambda: stack(Renormed(8, 6)), (8,)),
    "otherwise": (lambda: stack(SameOtherwise(8, 6)), (8,)),
    "noisy": (Noisy, (8,)),
    "noisy-elsewhere": (lambda: NoisyElsewhere(*stack(nn.Linear(8, 6))), (8,)),
    "frozen": (lambda: stack(nn.Linear(8, 6).requires_grad_(False)), (8,)),
    "transformer": (
        lambda: nn.Sequential(
            nn.TransformerEncoderLayer(8, 2, 6, norm_first=True), nn.Flatten(), nn.Linear(8, 4)
        ),
        (8,),
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("criterion", ["magnitude", "nc"])
def test_a_weight_that_is_not_all_there_is_to_it_is_refused(kind: str, criterion: str) -> None:
    make, said, good = REFUSED[kind]
    with pytest.raises(InputError, match=said) as caught:
        ll.prune(make(), (X, LABELS), criterion, sparsities=[0.5], progress=False)
    assert str(caught.value).endswith(f"layers={good}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("recovery", ["compensate", "compensate+refit"])
def test_what_is_left_can_be_pruned_and_no_repair_sets_the_others(kind: str, recovery: str) -> None:
    make, _, good = REFUSED[kind]
    names, model = [name.strip("'") for name in good[1:-1].split(", ")], make()
    options = {"layers": names, "recovery": recovery, "progress": False}
    path = ll.prune(model, (X, LABELS), "nc", sparsities=[0.5], **options)
    pruned = path.model_at(0.5)
    for name, value in model.named_parameters():
        layer, _, what = name.rpartition(".")
        if layer not in names and what == "weight":
            assert torch.equal(value, pruned.get_parameter(name))


@pytest.mark.parametrize("kind", FINE)
def test_all_else_is_fine_and_stays_as_it_is(kind: str) -> None:
    make, shape = FINE[kind]
    model = make()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.rand(8, *shape)
    found = misused(model, x)
    assert list(found) == (["0.self_attn.out_proj"] if kind == "transformer" else [])
    check_usage(model, x, [name for name, _ in model.named_modules() if name not in found])
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_network_whose_logits_do_not_depend_on_a_layer_is_fine() -> None:
    model = stack(nn.Linear(8, 6))
    nn.init.constant_(model[0].bias, -100.0)  # every ReLU is dead
    assert misused(model, X[:8]) == {}


def test_a_second_use_that_another_layer_hides_is_seen() -> None:
    """What is read through the tied weight reaches nothing but the next layer, which is held."""
    model = nn.Sequential(Tied(), nn.ReLU(), nn.Linear(4, 4))
    assert list(misused(model, X[:8])) == ["0.a"]


def test_nobody_is_left() -> None:
    with pytest.raises(InputError, match="no other layer is left to prune"):
        check_usage(Standardised(8, 4), X[:8], [""])


def test_a_repair_of_its_own_leaves_misused_layers_alone() -> None:
    model = Tied()
    data = ll.Data.from_tensors((X, LABELS))
    repair = as_recovery("compensate").begin(model, data, 0)
    before = model.a.weight.clone()
    repair(model, {"b": torch.rand(4, 8) > 0.5})
    assert torch.equal(before, model.a.weight)
