"""Refits in logit space: never further from the dense logits, masks held, exact where linear."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.criteria.cases import CLASSES, binary, mlp, residual, shares, split
from tests.pruning.recovery.test_compensate import conv_net, data_of, drawn_masks
from torch import Tensor, nn

from leastloss.activations import Draws, observe
from leastloss.data import Data, Split
from leastloss.errors import InputError
from leastloss.models import MLP
from leastloss.models.layers import Masks, prunable_layers
from leastloss.pruning import apply_masks, as_recovery, full_masks, prune
from leastloss.pruning.recovery.compensate import Compensate
from leastloss.pruning.recovery.refit import Refit


def refitted(
    dense: nn.Module, model: nn.Module, masks: Masks, recovery: Refit, train: Split | None = None
) -> nn.Module:
    model = copy.deepcopy(model)
    recovery.begin(dense, data_of(split() if train is None else train), 0)(model, masks)
    return model


def masked(dense: nn.Module, masks: Masks, *, compensate: bool = False) -> nn.Module:
    model = copy.deepcopy(dense)
    apply_masks(model, masks)
    if compensate:
        Compensate().begin(dense, data_of(split()), 0)(model, masks)
    return model


@torch.no_grad()
def distance(dense: nn.Module, model: nn.Module, recovery: Refit) -> float:
    """Mean squared distance of the logits in the recovery's metric, spelled out."""
    drawn = Draws().draw(
        split(), dense, balanced=recovery.balanced, noise=recovery.noise, most=recovery.most
    )
    target = dense((drawn.clean if recovery.clean else drawn.x).double())
    p = (target / recovery.temperature).softmax(dim=1)
    metric = torch.diag_embed(p) - torch.einsum("ni,nj->nij", p, p)
    metric += recovery.floor * torch.eye(CLASSES).double()
    gap = target - model(drawn.x.double())
    return float(drawn.weights @ torch.einsum("ni,nij,nj->n", gap, metric, gap))


@pytest.mark.parametrize("compensate", [True, False])
@pytest.mark.parametrize("make", [mlp, residual, conv_net])
@settings(max_examples=5)
@given(
    seed=st.integers(0, 10**6),
    share=st.floats(0.2, 0.9),
    options=st.fixed_dictionaries(
        {
            "noise": st.sampled_from([0.0, 0.2]),
            "clean": st.booleans(),
            "balanced": st.booleans(),
            "gamma": st.sampled_from([1e-6, 1e-2, 10.0]),
            "floor": st.sampled_from([1e-3, 1.0]),
            "most": st.sampled_from([3, 100]),
            "widest": st.sampled_from([2, 128]),
        }
    ),
)
def test_the_distance_never_rises_and_masks_hold(
    make: Callable[[], nn.Module],
    compensate: bool,
    seed: int,
    share: float,
    options: dict[str, Any],
) -> None:
    dense = make()
    masks = drawn_masks(dense, share, seed)
    start = masked(dense, masks, compensate=compensate)
    last = distance(dense, start, Refit(**options))
    for sweeps in (1, 2):
        recovery = Refit(sweeps=sweeps, **options)
        model = refitted(dense, start, masks, recovery)
        now = distance(dense, model, recovery)
        assert now <= last * (1 + 1e-9) + 1e-12
        last = now
    for name, layer in prunable_layers(model).items():
        assert (layer.weight[~masks[name]] == 0).all()
        if isinstance(layer, nn.Conv2d):  # left as it is
            assert torch.equal(layer.weight, prunable_layers(start)[name].weight)
        else:
            wide = masks[name].sum(dim=1) > options["widest"]
            assert torch.equal(layer.weight[wide], prunable_layers(start)[name].weight[wide])


def test_it_lowers_the_distance_on_a_pruned_network() -> None:
    dense = mlp()
    masks = drawn_masks(dense, 0.5)
    start = masked(dense, masks, compensate=True)
    recovery = Refit(noise=0.0)
    model = refitted(dense, start, masks, recovery)
    assert distance(dense, model, recovery) < 0.9 * distance(dense, start, recovery)


@pytest.mark.parametrize("balanced", [True, False])
def test_of_a_linear_layer_one_sweep_is_the_best_there_is(balanced: bool) -> None:
    # A head alone, in the metric of the plain distance: units do not meddle with each other.
    dense = nn.Sequential(nn.Flatten(), nn.Linear(32, CLASSES)).double()
    train = split((20, 12, 8))
    masks = {"1": torch.rand(CLASSES, 32, generator=torch.Generator().manual_seed(0)) < 0.3}
    recovery = Refit(noise=0.0, gamma=1e-10, floor=1e6, temperature=1e6, balanced=balanced)
    model = refitted(dense, masked(dense, masks), masks, recovery, train)
    root = shares(train, balanced=balanced).sqrt().numpy()[:, None]
    x, z = train.x.double().flatten(1).numpy(), dense(train.x.double()).detach().numpy()
    for unit, kept in enumerate(masks["1"].numpy()):
        reads = root * np.column_stack([x[:, kept], np.ones(len(x))])
        best = np.linalg.lstsq(reads, root[:, 0] * z[:, unit], rcond=None)[0]
        weight, bias = model[1].weight.detach(), model[1].bias.detach()
        np.testing.assert_allclose(weight[unit, kept], best[:-1], rtol=1e-4, atol=1e-6)
        assert float(bias[unit]) == pytest.approx(best[-1], rel=1e-4, abs=1e-6)


def test_sweeps_over_a_linear_layer_reach_the_best_in_the_metric_of_the_softmax() -> None:
    dense = nn.Sequential(nn.Flatten(), nn.Linear(32, CLASSES, bias=False)).double()
    train = split((20, 12, 8))
    masks = {"1": torch.rand(CLASSES, 32, generator=torch.Generator().manual_seed(0)) < 0.2}
    recovery = Refit(noise=0.0, gamma=1e-9, floor=0.1, sweeps=60)
    model = refitted(dense, masked(dense, masks), masks, recovery, train)
    x, target = train.x.double().flatten(1), dense(train.x.double()).detach()
    p = (target / recovery.temperature).softmax(dim=1)
    metric = torch.diag_embed(p) - torch.einsum("ni,nj->nij", p, p) + 0.1 * torch.eye(3).double()
    gap = x @ model[1].weight.T - target
    total = shares(train, balanced=True) @ torch.einsum("ni,nij,nj->n", gap, metric, gap)
    (slope,) = torch.autograd.grad(total, model[1].weight)
    assert float(slope[masks["1"]].abs().max()) < 1e-6


def test_no_label_decides_but_how_often_a_sample_counts() -> None:
    # Within classes of one size labels are of no consequence.
    dense = mlp()
    masks = drawn_masks(dense)
    train = split((5, 5, 5))
    other = Split(train.x, train.y.roll(7), CLASSES, (2,))
    one, two = (
        refitted(dense, masked(dense, masks), masks, Refit(noise=0.0), part).state_dict()
        for part in (train, other)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_dense_network_and_modes_stay_and_bits_repeat() -> None:
    dense = residual().requires_grad_(requires_grad=False)
    state = copy.deepcopy(dense.state_dict())
    masks = drawn_masks(dense)
    start = masked(dense, masks)
    one, two = (refitted(dense, start, masks, Refit()) for _ in range(2))
    assert all(torch.equal(state[n], v) for n, v in dense.state_dict().items())
    assert all(torch.equal(v, two.state_dict()[n]) for n, v in one.state_dict().items())
    assert not torch.equal(one.head.weight, start.head.weight)
    for net in (dense, one):
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
        assert not any(m.training for m in net.modules())
        assert all(p.grad is None for p in net.parameters())


def test_feature_maps_come_in_batches_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = conv_net()
    masks = drawn_masks(dense)
    start = masked(dense, masks)
    whole = refitted(dense, start, masks, Refit())
    monkeypatch.setattr(observe, "MAPS_BATCH", 5)
    for name, value in refitted(dense, start, masks, Refit()).state_dict().items():
        torch.testing.assert_close(value, whole.state_dict()[name], rtol=1e-7, atol=1e-9)


class Aside(nn.Module):
    """Runs a layer that no logit depends on."""

    def __init__(self) -> None:
        super().__init__()
        self.aside, self.head = nn.Linear(32, 2).double(), nn.Linear(32, CLASSES).double()

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        self.aside(x)
        out: Tensor = self.head(x)
        return out


@pytest.mark.parametrize("frozen", [True, False])
def test_what_cannot_be_refitted_stays(frozen: bool) -> None:
    dense = Aside().requires_grad_(not frozen)
    masks = drawn_masks(dense, 0.7)
    start = masked(dense, masks)
    model = refitted(dense, start, masks, Refit())
    assert torch.equal(model.aside.weight, start.aside.weight)
    assert not torch.equal(model.head.weight, start.head.weight)
    tokens = nn.Sequential(nn.Linear(4, 3), nn.Flatten(), nn.Linear(24, CLASSES)).double()
    masks = drawn_masks(tokens, 0.3)
    start = masked(tokens, masks)
    model = refitted(tokens, start, masks, Refit())
    assert torch.equal(model[0].weight, start[0].weight)  # at eight positions
    assert not torch.equal(model[2].weight, start[2].weight)


def test_dead_and_emptied_layers() -> None:
    dense = mlp()
    masks = drawn_masks(dense)
    masks["layers.2"][:] = False
    model = refitted(dense, masked(dense, masks), masks, Refit())
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())
    assert (model.layers[2].weight == 0).all()
    one = split((1, 1, 1))
    wide = MLP(32, (40,), CLASSES, generator=torch.Generator().manual_seed(0))
    masks = drawn_masks(wide, 0.8)
    model = refitted(wide, masked(wide, masks), masks, Refit(), one)
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_without_removals_there_is_nothing_to_do() -> None:
    dense = mlp()
    model = refitted(dense, dense, full_masks(dense), Refit())
    x = split().x.double()
    torch.testing.assert_close(model(x), dense(x))


def test_bad_input_is_one_line() -> None:
    with pytest.raises(InputError, match="binary layers cannot take") as caught:
        prune(binary(), data_of(split()), "magnitude", recovery="refit", progress=False)
    assert "\n" not in str(caught.value)
    endless = split()
    endless.x[3, 0, 0, 0] = torch.inf
    with pytest.raises(InputError, match="training samples are not finite"):
        Refit().begin(mlp(), data_of(endless), 0)
    gap = Split(split().x, split().y.clamp(min=1), CLASSES, (2,))
    with pytest.raises(InputError, match="class 0 has no training sample"):
        Refit().begin(mlp(), data_of(gap), 0)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"gamma": 0.0}, "gamma is 0"),
        ({"temperature": -1.0}, "temperature is -1"),
        ({"floor": float("nan")}, "floor is nan"),
        ({"sweeps": 0}, "sweeps is 0"),
        ({"most": 0}, "most 0"),
        ({"widest": 0}, "widest 0"),
        ({"noise": -0.1}, "noise -0.1"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line):
        Refit(**options)


def test_behind_compensation_on_a_trained_network(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    losses = {}
    for spec in ("compensate", "compensate+refit"):
        path = prune(networks["mlp"], data, "magnitude", sparsities=[0.7], recovery=spec,
                     progress=False)  # fmt: skip
        losses[spec] = path.table()["loss"].iloc[-1]
        masks = path.masks_at(0.7)
        for name, layer in prunable_layers(path.model_at(0.7)).items():
            assert (layer.weight[~masks[name]] == 0).all()
    assert losses["compensate+refit"] < losses["compensate"]
    assert as_recovery("compensate+refit:sweeps=2").label == "compensate+refit:sweeps=2"
