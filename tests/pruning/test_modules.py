"""Networks of users' own: what runs, what is refused, and that they are left as they were."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm
from torch.utils.data import DataLoader, TensorDataset

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError


class ResidualMLP(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(64, 12)
        self.inner = nn.Sequential(nn.Linear(12, 12), nn.BatchNorm1d(12), nn.GELU())
        self.head = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = functional.gelu(self.first(x.flatten(1)))
        return self.head(h + self.inner(h))


class ResidualConv(nn.Module):
    """With activations in place, a shortcut and a convolution with a stride."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 6, 3, padding=1)
        self.inner = nn.Conv2d(6, 6, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.down = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.head = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = functional.silu(self.first(x))
        h = torch.relu_(h + self.norm(self.inner(h)))
        return self.head(functional.adaptive_avg_pool2d(self.down(h).relu_(), 1).flatten(1))


class HeadFirst(nn.Module):
    """Registers its layers in another order than it runs them."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.nothing, self.first = nn.Linear(12, 10), nn.Identity(), nn.Linear(64, 12)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.nothing(self.first(x.flatten(1))).relu())


class ImagesOnly(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(4 * 9, 10)

    def forward(self, x: Tensor) -> Tensor:
        n, channels, height, width = x.shape
        assert (channels, height, width) == (1, 8, 8)
        pooled = functional.max_pool2d(functional.leaky_relu(self.conv(x)), 2)
        return self.head(pooled.reshape(n, -1))


class Several(nn.Module):
    """Beside two plain layers one that runs twice, one that never runs, a tied pair, a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Linear(64, 12), nn.Linear(12, 10)
        self.twice, self.never = nn.Linear(12, 12), nn.Linear(12, 12)
        self.tied, self.other = nn.Linear(12, 12), nn.Linear(12, 12)
        self.other.weight = self.tied.weight
        self.normed = weight_norm(nn.Linear(12, 12))

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x.flatten(1)).relu()
        h = self.twice(self.twice(h).relu()).relu()
        return self.head(self.normed(self.other(self.tied(h).relu()).relu()).relu())


def convolutions() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.1),
        nn.Conv2d(4, 6, 3, padding="same", padding_mode="reflect"),
        nn.SiLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(24, 12),
        nn.GELU(),
        nn.Linear(12, 10),
    )


def depthwise() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1, groups=4),
        nn.ReLU(),
        nn.Conv2d(4, 8, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    )


def perceptron() -> nn.Module:
    layers = [nn.Linear(64, 8), nn.LeakyReLU(inplace=True), nn.BatchNorm1d(8), nn.Dropout()]
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(8, 10))


CHAINS = {
    "convolutions": convolutions,
    "images": ImagesOnly,
    "perceptron": perceptron,
    "float64": lambda: convolutions().double(),
    "frozen": lambda: convolutions().requires_grad_(False),
}
OTHERS = {
    "residual": ResidualMLP,
    "residual-conv": ResidualConv,
    "head-first": HeadFirst,
    "depthwise": depthwise,
}
WEIGHTS = ("nc", "taylor", "mils-bdm")
UNITS = ("nc", "margin", "mils-bdm")


@pytest.fixture(scope="module")
def few() -> Data:
    """Some hundred digits, less of the later classes."""
    whole = ll.load_data("digits", seed=0)
    x, y = whole.train.x[:300], whole.train.y[:300]
    rank = functional.one_hot(y, 10).cumsum(0).gather(1, y[:, None])[:, 0]
    return Data.from_tensors((x[rank <= 16 - y], y[rank <= 16 - y]))


def untouched_prune(model: nn.Module, data: Data, criterion: str, **options: str) -> nn.Module:
    """Prune half of the parts and check that the network stays as it was."""
    before, modes = copy.deepcopy(model.state_dict()), [m.training for m in model.modules()]
    path = ll.prune(model, data, criterion, sparsities=[0.5], progress=False, **options)  # type: ignore[arg-type]  # strings
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert modes == [m.training for m in model.modules()]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert len(path.removal_order) == len(set(path.removal_order)) == round(len(path.parts) / 2)
    return path.model_at(0.5)


@pytest.mark.parametrize("kind", [*CHAINS, *OTHERS])
@pytest.mark.parametrize("criterion", WEIGHTS)
def test_weights_of_any_network(kind: str, criterion: str, few: Data) -> None:
    model = CHAINS[kind]() if kind in CHAINS else OTHERS[kind]()
    pruned = untouched_prune(model, few, criterion, recovery="compensate")
    kinds = [parameter.dtype for parameter in model.parameters()]
    assert kinds == [parameter.dtype for parameter in pruned.parameters()]
    assert [p.requires_grad for p in model.parameters()] == [
        p.requires_grad for p in pruned.parameters()
    ]


@pytest.mark.parametrize("kind", [*CHAINS, *OTHERS])
@pytest.mark.parametrize("criterion", UNITS)
def test_units_of_any_network(kind: str, criterion: str, few: Data) -> None:
    model = (CHAINS | OTHERS)[kind]()
    pruned = untouched_prune(model, few, criterion, granularity="unit", recovery="compensate")
    small = ll.compact(pruned, sample=few.test.x[:1])
    with torch.inference_mode():
        x = few.test.x.to(next(model.parameters()).dtype)
        torch.testing.assert_close(small(x), pruned(x), rtol=1e-5, atol=1e-5)
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in model.parameters())


def test_units_that_cannot_be_traced_are_refused(few: Data) -> None:
    mixed = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 6), nn.LayerNorm(6), nn.ReLU(), nn.Linear(6, 10)
    )
    with pytest.raises(InputError, match=r"layer '1' pass '2' \(LayerNorm\)") as caught:
        ll.prune(mixed, few, "magnitude", granularity="unit", sparsities=[0.2], progress=False)
    assert "use the granularity 'weight'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_layers_by_name(few: Data) -> None:
    model = ResidualConv()
    names = ["inner"]
    path = ll.prune(
        model, few, "wanda", sparsities=[0.5], layers=names, recovery="none", progress=False
    )
    pruned = path.model_at(0.5)
    assert int((pruned.inner.weight == 0).sum()) == 6 * 6 * 9 // 2
    assert torch.equal(pruned.down.weight, model.down.weight)


@pytest.mark.parametrize("recovery", ["auto", "compensate+refit", "none", "finetune:epochs=1"])
def test_layers_that_are_not_named_do_not_stand_in_the_way(recovery: str, few: Data) -> None:
    model = Several()
    options = {"sparsities": [0.5], "recovery": recovery, "progress": False}
    path = ll.prune(model, few, "nc", layers=["first", "head"], **options)
    pruned, masks = path.model_at(0.5), path.masks_at(0.5)
    assert sum(int((~mask).sum()) for mask in masks.values()) == (64 * 12 + 12 * 10) // 2
    assert not any(pruned.get_submodule(name).weight[~mask].any() for name, mask in masks.items())
    if "finetune" not in recovery:
        for name in ("twice", "never", "tied", "other", "normed"):
            assert torch.equal(pruned.get_submodule(name).weight, model.get_submodule(name).weight)
    for names, said in {
        ("tied",): "share one weight",
        ("normed",): "computed from others",
        ("first", "twice"): "layer 'twice' (runs twice|is called 2 times)",
    }.items():
        with pytest.raises(InputError, match=said):
            ll.prune(model, few, "nc", layers=names, **options)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    "recovery", ["none", "compensate", "compensate+refit", "finetune:epochs=1"]
)
def test_half_precision(kind: torch.dtype, recovery: str, few: Data) -> None:
    torch.manual_seed(0)
    model = perceptron()
    options = {"sparsities": [0.5], "recovery": recovery, "progress": False}
    whole = ll.prune(model, few, "nc", **options)
    half = ll.prune(model.to(kind), few, "nc", **options)
    assert half.model_at(0.5)[1].weight.dtype == kind
    if "refit" in recovery:  # pixels that are the same in all digits: which weights go is chance
        accuracies = [path.table()["val_accuracy"][1] for path in (whole, half)]
        assert accuracies[0] == pytest.approx(accuracies[1], abs=0.1)
    else:
        kept = [path.masks_at(0.5)["1"] for path in (whole, half)]
        assert float((kept[0] == kept[1]).float().mean()) > 0.9


def test_tensors_and_a_loader_give_the_same_path() -> None:
    x, y = torch.rand(80, 1, 8, 8), torch.arange(80) % 10
    model = ImagesOnly()
    loader = DataLoader(TensorDataset(x, y), batch_size=7, shuffle=True)
    orders = [
        ll.prune(model, data, "wanda", sparsities=[0.5], progress=False).removal_order.tolist()
        for data in ((x, y), (x.numpy(), y.numpy()), loader)
    ]
    assert orders[0] == orders[1] == orders[2]


def test_a_frozen_network_cannot_be_finetuned_and_a_lazy_one_not_pruned(few: Data) -> None:
    with pytest.raises(InputError, match="all parameters of the network are frozen"):
        ll.prune(CHAINS["frozen"](), few, "random", recovery="finetune", progress=False)
    lazy = nn.Sequential(nn.Flatten(), nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(10))
    with pytest.raises(InputError, match="layer '1' is lazy"):
        ll.prune(lazy, few, "random", progress=False)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (functional.one_hot(torch.arange(40) % 4), r"not one-hot"),
        ((torch.arange(40) % 4).float(), r"labels of train are torch.float32; they must be int"),
        (
            torch.where(torch.arange(40) % 4 == 2, 3, torch.arange(40) % 4),
            "class 2 has no training",
        ),
        (torch.arange(40) % 4 - 1, "label"),
    ],
    ids=["one-hot", "float", "missing", "negative"],
)
def test_labels_that_are_none_are_refused(labels: Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        ll.prune(nn.Linear(3, 4), (torch.rand(40, 3), labels), "nc", progress=False)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("criterion", ["nc", "wanda", "fisher-diagonal"])
def test_without_imbalance_balance_changes_nothing_and_says_so(criterion: str) -> None:
    x, y = torch.rand(100, 8), torch.arange(100) % 5
    model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 5))
    paths = [
        ll.prune(model, (x, y), f"{criterion}:balanced={flag}", sparsities=[0.5], progress=False)
        for flag in ("true", "false")
    ]
    assert paths[0].removal_order.tolist() == paths[1].removal_order.tolist()
    assert paths[0].settings["facts"] == {"equal_classes_so_balance_changes_nothing": 5}
    for fewer, said in ((3, {"nearly_equal_classes_so_balance_changes_little": 5}), (8, {})):
        some = torch.ones_like(y).bool()
        some[(y == 4).nonzero()[:fewer]] = False
        path = ll.prune(model, (x[some], y[some]), criterion, sparsities=[0.5], progress=False)
        assert path.settings["facts"] == said
