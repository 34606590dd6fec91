"""Compensation against ridge regressions that are spelled out, and on networks of all kinds."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.criteria.cases import CLASSES, COUNTS, binary, mlp, residual, shares, split
from tests.pruning.recovery.cases import data_of, drawn_masks, repaired
from torch import Tensor, nn

import leastloss as ll
from leastloss.activations import Draws
from leastloss.criteria.wanda import input_moment
from leastloss.data import Data, Split
from leastloss.errors import InputError
from leastloss.models import MLP
from leastloss.models.layers import Layer, prunable_layers
from leastloss.pruning import Parts, apply_masks, as_recovery, full_masks, prune
from leastloss.pruning.recovery.compensate import Compensate


def traced(model: nn.Module, x: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """What each layer reads and says."""
    seen: dict[str, tuple[Tensor, Tensor]] = {}
    handles = [
        layer.register_forward_hook(
            lambda _, args, out, name=name: seen.update({name: (args[0].clone(), out.clone())})
        )
        for name, layer in prunable_layers(model).items()
    ]
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return seen


def groups_mean_square(layer: Layer, values: Tensor, counts: Tensor) -> Tensor:
    """Mean squared input of each group of a layer."""
    found = input_moment(layer, values, counts)
    if isinstance(layer, nn.Linear):
        return found.mean()[None]
    return found.flatten(1).unflatten(0, (layer.groups, -1)).mean(dim=(1, 2))


@pytest.mark.parametrize("balanced", [True, False])
def test_layer_by_layer_it_is_a_ridge_regression(balanced: bool) -> None:
    dense, gamma, train = mlp(), 0.03, split()
    masks = drawn_masks(dense)
    found = repaired(dense, masks, Compensate(gamma=gamma, balanced=balanced))
    share = shares(train, balanced=balanced).numpy()
    x = h = train.x.double().flatten(1).numpy()
    for i in (0, 2, 4):
        old, new = dense.layers[i], found.layers[i]
        z = x @ old.weight.detach().numpy().T + old.bias.detach().numpy()
        ridge = gamma * np.mean((share[:, None] * h**2).sum(axis=0))
        for unit, kept in enumerate(masks[f"layers.{i}"].numpy()):
            reads = np.column_stack([h[:, kept], np.ones(len(h))])
            s = reads.T @ (share[:, None] * reads)
            s += np.diag([ridge] * kept.sum() + [0.0])
            best = np.linalg.solve(s, reads.T @ (share * z[:, unit]))
            np.testing.assert_allclose(new.weight[unit, kept].detach(), best[:-1], rtol=1e-6)
            assert float(new.bias[unit].detach()) == pytest.approx(best[-1], rel=1e-6)
            assert (new.weight[unit, ~kept] == 0).all()
        x = np.maximum(z, 0.0)
        h = np.maximum(h @ new.weight.detach().numpy().T + new.bias.detach().numpy(), 0.0)


def test_balance_matters_where_classes_differ_in_size_and_only_there() -> None:
    dense, masks = mlp(), drawn_masks(mlp(), 0.7)
    for counts in (COUNTS, (5, 5, 5)):
        one, two = (
            repaired(dense, masks, Compensate(balanced=flag), split(counts)).state_dict()
            for flag in (True, False)
        )
        assert all(torch.allclose(one[n], two[n]) for n in one) == (counts != COUNTS)


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("make", [mlp, residual])
def test_no_kept_weight_can_be_bettered(make: Callable[[], nn.Module], noise: float) -> None:
    # At the solution the slope of the layer's objective on what it keeps is 0.
    dense, gamma = make(), 0.03
    masks = drawn_masks(dense)
    model = repaired(dense, masks, Compensate(gamma=gamma, noise=noise))
    drawn = Draws().draw(split(), dense, noise=noise)
    targets = traced(dense, drawn.clean.double())  # without the noise
    for name, (values, _) in traced(model, drawn.x.double()).items():
        layer = prunable_layers(model)[name]
        assert (layer.weight[~masks[name]] == 0).all()
        off = (layer(values) - targets[name][1]).square().flatten(2 if values.ndim > 2 else 1)
        each = off.mean(dim=2).sum(dim=1) if values.ndim > 2 else off.sum(dim=1)
        ridges = gamma * groups_mean_square(layer, values, drawn.weights)
        squares = layer.weight.square().flatten(1).sum(dim=1).unflatten(0, (len(ridges), -1))
        objective = drawn.weights @ each + ridges @ squares.sum(dim=1)
        slopes = torch.autograd.grad(objective, list(layer.parameters()))
        assert float(slopes[0][masks[name]].abs().max()) < 1e-8
        assert layer.bias is None or float(slopes[1].abs().max()) < 1e-8
        layer.zero_grad()


@pytest.mark.parametrize("make", [mlp, residual])
def test_without_removals_it_is_the_ridge_that_moves_the_network(
    make: Callable[[], nn.Module],
) -> None:
    dense, x = make(), split().x.double()
    moved = []
    for gamma in (1e-8, 1e-4, 1e-1):
        model = repaired(dense, full_masks(dense), Compensate(gamma=gamma))
        moved.append(float((model(x) - dense(x)).detach().abs().max()))
    assert moved[0] < 1e-4
    assert moved[0] < moved[1] < moved[2]


def conv_net() -> nn.Module:
    """A chain with BatchNorm, in which unit 1 of each hidden layer is a copy of unit 0."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
        nn.Conv2d(4, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, CLASSES),
    ).double()  # fmt: skip
    net.train()
    for _ in range(20):
        net(split().x.double())
    with torch.no_grad():
        for norm in (net[1], net[4]):
            norm.weight.uniform_(0.5, 2.0)
            norm.bias.uniform_(0.1, 0.5)
        for layer in (net[0], net[1], net[3], net[4], net[8]):
            for value in layer.state_dict().values():
                if value.ndim:
                    value[1] = value[0]
    return net.eval()


def doubled_mlp(*, bias: bool = True) -> nn.Module:
    net = MLP(32, (6, 5), CLASSES, bias=bias, generator=torch.Generator().manual_seed(2)).double()
    with torch.no_grad():
        for layer in (net.layers[0], net.layers[2]):
            for value in layer.parameters():
                value[1] = value[0]
    return net.eval()


@pytest.mark.parametrize(
    "make", [conv_net, doubled_mlp, lambda: doubled_mlp(bias=False)], ids=["conv", "mlp", "plain"]
)
def test_what_copies_of_a_unit_did_is_folded_into_the_one_that_is_left(
    make: Callable[[], nn.Module],
) -> None:
    dense, x = make(), split().x.double()
    parts = Parts.of(dense, "unit")
    starts = np.cumsum([0, *parts.sizes.values()])[:-1]
    masks = parts.masks(starts + 1)
    plain = copy.deepcopy(dense)
    apply_masks(plain, masks)
    model = repaired(dense, masks, Compensate(gamma=1e-9))
    assert float((plain(x) - dense(x)).abs().max()) > 1e-2
    torch.testing.assert_close(model(x), dense(x), rtol=1e-4, atol=1e-5)
    for name, layer in prunable_layers(model).items():
        assert (layer.weight[~masks[name]] == 0).all()


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.floats(0.1, 0.95))
def test_the_first_layer_is_never_worse_than_masked(seed: int, share: float) -> None:
    dense, train = mlp(), split()
    masks = drawn_masks(dense, share, seed)
    plain = copy.deepcopy(dense)
    apply_masks(plain, masks)
    model = repaired(dense, masks, Compensate(gamma=1e-9))
    counts = shares(train, balanced=True)
    x = train.x.double().flatten(1)
    errors = [
        float(counts @ (net.layers[0](x) - dense.layers[0](x)).square().sum(dim=1))
        for net in (model, plain)
    ]
    assert errors[0] <= errors[1] + 1e-7


def test_layers_that_are_not_pruned_make_up_for_those_before_them() -> None:
    dense, x = doubled_mlp(), split().x.double()
    masks = {"layers.0": torch.ones(6, 32).bool()}
    masks["layers.0"][1] = False  # a copy; unit 1 is then a constant
    model = repaired(dense, masks, Compensate(gamma=1e-9))
    torch.testing.assert_close(model(x), dense(x), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(model.layers[2].weight, dense.layers[2].weight)


def test_modes_gradients_and_the_dense_network_stay() -> None:
    dense = residual().requires_grad_(requires_grad=False)
    state = copy.deepcopy(dense.state_dict())
    model = repaired(dense, drawn_masks(dense))
    assert all(torch.equal(state[n], v) for n, v in dense.state_dict().items())
    norm = {n: v for n, v in model.state_dict().items() if n.startswith("norm")}
    assert all(torch.equal(state[n], v) for n, v in norm.items())
    for net in (dense, model):
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
        assert not any(m.training for m in net.modules())
        assert not any(p.requires_grad for p in net.parameters())


@pytest.mark.parametrize("make", [mlp, residual])
def test_it_has_no_memory(make: Callable[[], nn.Module]) -> None:
    dense, data = make(), data_of(split())
    path = prune(dense, data, "magnitude", recovery="compensate", sparsities=[0.3, 0.5, 0.8],
                 progress=False)  # fmt: skip
    for share in (0.0, 0.5, 0.8, 0.65):
        alone = repaired(dense, path.masks_at(share))
        for name, value in path.model_at(share).state_dict().items():
            torch.testing.assert_close(value, alone.state_dict()[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("spec", ["compensate", "recalibrate+compensate", "compensate+adjust"])
def test_bad_networks_are_refused_in_one_line(spec: str) -> None:
    with pytest.raises(InputError, match="binary layers cannot take; use 'recalibrate'") as caught:
        prune(binary(), data_of(split()), "magnitude", recovery=spec, progress=False)
    assert "\n" not in str(caught.value)


def begun(model: nn.Module, train: Split) -> nn.Module:
    return repaired(model, full_masks(model), train=train)


class Overflow(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 1e200


def test_bad_data_and_networks_are_named() -> None:
    endless = split()
    endless.x[3, 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match="training samples are not finite"):
        begun(mlp(), endless)
    with pytest.raises(InputError, match="class 0 has no training sample"):
        begun(mlp(), Split(split().x, split().y.clamp(min=1), CLASSES, (2,)))
    model = mlp()
    model.layers[1] = Overflow()
    with pytest.raises(InputError, match=r"inputs of layer 'layers\.2' are not finite"):
        begun(model, split())
    shared = nn.Linear(32, 32).double()
    with pytest.raises(InputError, match="layer '1' is called 2 times"):
        begun(nn.Sequential(nn.Flatten(), shared, shared), split())


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"gamma": 0.0}, "gamma is 0"),
        ({"gamma": float("nan")}, "gamma is nan"),
        ({"noise": -1.0}, "noise is -1"),
        ({"most": -1}, "most -1"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line):
        Compensate(**options)


@pytest.mark.parametrize("number", [torch.float32, torch.float64])
@pytest.mark.parametrize("make", [mlp, residual])
def test_a_layer_that_never_fires(make: Callable[[], nn.Module], number: torch.dtype) -> None:
    dense = make().to(number)
    masks = drawn_masks(dense)
    first = next(iter(masks))
    masks[first][:] = False  # constants from here on
    model = repaired(dense, masks)
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())
    dead = make().to(number)
    with torch.no_grad():
        next(iter(prunable_layers(dead).values())).bias.fill_(-1000.0)
    model = repaired(dead, drawn_masks(dead))
    torch.testing.assert_close(
        model(split().x.to(number)), dead(split().x.to(number)), rtol=1e-2, atol=1e-2
    )


@pytest.mark.parametrize("value", [0.0, 1.0, 255.0])
def test_constant_features(value: float) -> None:
    train = split()
    train.x.fill_(value)
    dense = mlp().float()
    model = repaired(dense, drawn_masks(dense), train=train)
    # One input fits everything: a bias is enough.
    torch.testing.assert_close(model(train.x), dense(train.x), rtol=1e-2, atol=1e-2)


def test_one_sample_of_each_class_and_more_units_than_samples() -> None:
    train = split((1, 1, 1))
    dense = MLP(32, (40, 50), CLASSES, generator=torch.Generator().manual_seed(0))
    model = repaired(dense, drawn_masks(dense, 0.6), Compensate(gamma=1e-4), train)
    torch.testing.assert_close(model(train.x), dense(train.x), rtol=2e-2, atol=2e-2)
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_rare_classes_are_kept_on_a_trained_network(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    dense = networks["mlp"]
    results = {
        recovery: prune(dense, data, "magnitude", schedule="one-shot", sparsities=[0.6],
                        recovery=recovery, progress=False).table().iloc[-1]
        for recovery in ("none", "compensate", "compensate:balanced=false")
    }  # fmt: skip
    assert results["compensate"]["loss"] < results["none"]["loss"]
    assert results["compensate"]["balanced_accuracy"] > results["none"]["balanced_accuracy"]


def test_a_network_on_images_and_channels(data: Data) -> None:
    model = ll.ConvNet((1, 8, 8), (4, 6, 8), 10, generator=torch.Generator().manual_seed(0))
    for granularity in ("weight", "unit"):
        path = prune(model.eval(), data, "magnitude", granularity=granularity, steps=2,
                     to_sparsity=0.5, progress=False)  # fmt: skip
        assert path.settings["recovery"] == "compensate"
        masks = path.masks_at(0.5)
        for name, layer in prunable_layers(path.model_at(0.5)).items():
            assert (layer.weight[~masks[name]] == 0).all()


def test_specs() -> None:
    assert as_recovery("compensate:balanced=false:gamma=0.01") == Compensate(
        balanced=False, gamma=0.01
    )
    assert Compensate().memoryless
    assert not Compensate().keeps_weights
    assert Compensate(noise=0.2, most=50).label == "compensate:noise=0.2:most=50"


class Lottery(nn.Module):
    """Leaves a block out at random, also in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.block = nn.Linear(4, 4), nn.Linear(4, 4)
        self.head = nn.Linear(4, 2)
        self.runs = 0

    def forward(self, x: Tensor) -> Tensor:
        self.runs += 1
        h: Tensor = self.first(x.flatten(1))
        if self.runs % 3:
            h = self.block(h)
        out: Tensor = self.head(h)
        return out


def test_blocks_that_are_skipped_at_random_are_refused_in_one_line() -> None:
    torch.manual_seed(0)
    data = Data.from_tensors((torch.rand(60, 4), torch.arange(60) % 2))
    for runs in range(6):  # wherever it strikes
        model = Lottery()
        model.runs = runs
        with pytest.raises(InputError, match=r"take different ways|is called 0 times"):
            prune(model, data, "magnitude", sparsities=[0.5, 0.6, 0.7], progress=False)


def test_a_batch_norm_takes_the_constant_of_the_layer_before_it() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 6, 3, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(216, 3),
    ).double()
    x, y = torch.rand(90, 1, 8, 8).double(), torch.arange(90) % 3
    net.train()(x)
    net.eval()
    data = Data.from_tensors((x, y))
    masks = {"0": torch.ones(6, 1, 3, 3) > 0, "4": torch.ones(3, 216) > 0}
    masks["0"][:, :, 1:] = False
    pruned = copy.deepcopy(net)
    apply_masks(pruned, masks)
    Compensate().begin(net, data, 0)(pruned, masks)
    with torch.no_grad():
        read = data.train.x.double()
        wanted, given = (m[1](m[0](read)) for m in (net, pruned))
    assert not torch.equal(pruned[1].running_mean, net[1].running_mean)
    torch.testing.assert_close(wanted.mean((0, 2, 3)), given.mean((0, 2, 3)), atol=0.05, rtol=0)
    whole = {name: torch.ones_like(mask) for name, mask in masks.items()}
    back = copy.deepcopy(pruned)
    Compensate().begin(net, data, 0)(back, whole)
    torch.testing.assert_close(back[1].running_mean, net[1].running_mean, atol=1e-2, rtol=0)
