"""A network that arrives with zeros keeps them: in fit, in every repair, from the first row on."""

import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.zero_cases import DATA, X, count, holds, network, zeros
from torch import nn
from torch.nn.utils import prune as torch_prune

import leastloss as ll
from leastloss.errors import InputError
from leastloss.models import MLP, BinarizedMLP, BinaryLinear
from leastloss.pruning import Parts, PruningPath, apply_masks, full_masks, shuffled

pytestmark = pytest.mark.filterwarnings("ignore:.*zero already:UserWarning")


@pytest.mark.parametrize("asked", [{"to_sparsity": 0.3}, {"to_sparsity": 0.4}])
def test_a_target_that_is_reached_already_is_refused(
    reloaded: nn.Sequential, asked: dict[str, float]
) -> None:
    with pytest.raises(InputError, match=r"40 of 100 parts \(0.4\) are zero already") as said:
        ll.prune(reloaded, DATA, "nc", progress=False, **asked)
    assert "\n" not in str(said.value)
    with pytest.raises(InputError, match=r"sparsity 0.2 leaves nothing to remove"):
        ll.prune(reloaded, DATA, "nc", sparsities=[0.2, 0.7], progress=False)


def check(path: PruningPath, before: nn.Module) -> None:
    table = path.table()
    for column in ("sparsity", "weight_sparsity", "network_sparsity"):
        assert table[column].iloc[0] == pytest.approx(0.4)
        assert table[column].iloc[-1] == pytest.approx(0.7)
    assert table["removed"].tolist() == [40, 50, 60, 70]
    assert path.removal_order[:40].tolist() == path.parts.held.tolist()
    assert len(np.unique(path.removal_order)) == 70
    assert "40 of 100 weights are zero already: they count as removed" in path.remarks[0]
    for removed in table["removed"]:
        net = path.model_at(removed / 100)
        assert holds(net, before)
        assert count(net) >= removed
        shares = [mask.float().mean() for mask in path.masks_at(removed / 100).values()]
        assert sum(m.numel() for m in path.masks_at(0.5).values()) == 100
        assert len(shares) == 2
    with pytest.raises(InputError, match=r"goes from 0\.4 to 0\.7"):
        path.model_at(0.2)


@pytest.mark.parametrize(
    "recovery",
    ["none", "recalibrate", "compensate", "compensate+refit", "finetune:epochs=2", "adjust"],
)
def test_every_repair_holds_them(reloaded: nn.Sequential, recovery: str) -> None:
    path = ll.prune(
        reloaded, DATA, "nc", to_sparsity=0.7, steps=3, recovery=recovery, progress=False
    )
    check(path, reloaded)
    check(shuffled(path, DATA), reloaded) if recovery == "none" else None


@pytest.mark.parametrize("schedule", ["one-shot", "iterative", "sequential"])
@pytest.mark.parametrize("criterion", ["magnitude", "random", "obs", "mils-bdm", "lamp"])
@pytest.mark.parametrize("recovery", ["none", "compensate"])
def test_every_schedule_begins_with_them(
    reloaded: nn.Sequential, criterion: str, schedule: str, recovery: str
) -> None:
    path = ll.prune(
        reloaded,
        DATA,
        criterion,
        to_sparsity=0.7,
        steps=3,
        schedule=schedule,
        recovery=recovery,
        progress=False,
    )
    check(path, reloaded)


@pytest.mark.parametrize("allocation", ["uniform", "erk", "lamp"])
def test_allocations_count_them(reloaded: nn.Sequential, allocation: str) -> None:
    path = ll.prune(
        reloaded,
        DATA,
        "magnitude",
        to_sparsity=0.7,
        steps=3,
        allocation=allocation,
        progress=False,
    )
    check(path, reloaded)
    lent = ll.prune(
        reloaded, DATA, "random", to_sparsity=0.7, steps=3, allocation=path, progress=False
    )
    check(lent, reloaded)
    columns = ["sparsity_layer_0", "sparsity_layer_1"]
    assert lent.table()[columns].equals(path.table()[columns])


def test_a_shuffled_path_shuffles_what_is_not_held(reloaded: nn.Sequential) -> None:
    path = ll.prune(reloaded, DATA, "magnitude", to_sparsity=0.7, steps=3, progress=False)
    other = shuffled(path, DATA)
    for removed in (40, 50, 60, 70):
        assert set(path.parts.held) <= set(other.removed_parts(removed))
        assert len(other.removed_parts(removed)) == removed
    assert holds(other.model_at(0.7), reloaded)


def test_free_zeros_are_weights_like_all_others(reloaded: nn.Sequential) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = ll.prune(
            reloaded, DATA, "random", to_sparsity=0.3, steps=1, zeros="free", progress=False
        )
    table = path.table()
    assert table["weight_sparsity"].tolist() == pytest.approx([0.0, 0.3])
    assert not path.remarks
    assert count(path.model_at(0.3)) < 40 + 10


def test_zeros_of_layers_that_are_not_pruned_stay_too(reloaded: nn.Sequential) -> None:
    for recovery in ("compensate+refit", "finetune:epochs=2"):
        path = ll.prune(
            reloaded,
            DATA,
            "magnitude",
            layers=["2"],
            to_sparsity=0.9,
            steps=1,
            recovery=recovery,
            progress=False,
        )
        assert holds(path.model_at(0.9), reloaded)
        assert "of other layers stay zero" in path.remarks[0]
        # Those of the first layer count in the network's share, as masks that it remembers.
        first = int(zeros(reloaded)[0].sum())
        row = path.table().iloc[-1]
        assert row["weight_sparsity"] == pytest.approx(0.9)
        assert row["network_sparsity"] == pytest.approx((36 + first) / 100)


def test_a_path_goes_on_from_the_network_of_another(reloaded: nn.Sequential) -> None:
    first = ll.prune(network(), DATA, "magnitude", to_sparsity=0.4, steps=2, progress=False)
    start = first.model_at(0.4)
    path = ll.prune(start, DATA, "nc", to_sparsity=0.7, steps=3, progress=False)
    check(path, start)
    assert set(path.parts.held) == set(first.removal_order)


def test_a_file_keeps_the_masks(tmp_path: Path) -> None:
    model = MLP(6, (10,), 4)
    path = ll.prune(model, DATA, "magnitude", to_sparsity=0.4, steps=1, progress=False)
    ll.save_network(str(tmp_path / "pruned.safetensors"), path.model_at(0.4))
    again = ll.load_network(str(tmp_path / "pruned.safetensors"))
    on = ll.prune(again, DATA, "magnitude", to_sparsity=0.7, steps=3, progress=False)
    check(on, path.model_at(0.4))


def test_masks_of_torch_are_continued_and_the_model_is_left_as_it_is() -> None:
    net = network()
    for layer, amount in ((net[0], 30), (net[2], 10)):
        torch_prune.l1_unstructured(layer, "weight", amount)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    path = ll.prune(net, DATA, "nc", to_sparsity=0.7, steps=3, progress=False)
    plain = network()
    for mine, theirs in ((plain[0], net[0]), (plain[2], net[2])):
        mine.weight.data.copy_(theirs.weight_orig * theirs.weight_mask)
    check(path, plain)
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    # Fitting trains the caller's own structure, whose masked entries have no effect.
    ll.fit(net, DATA, epochs=2, progress=False)
    assert torch_prune.is_pruned(net)
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items() if "mask" in k)
    assert not torch.equal(before["0.weight_orig"], net[0].weight_orig)
    net(X)
    assert [int((layer.weight == 0).sum()) for layer in (net[0], net[2])] == [30, 10]


def test_a_masked_layer_that_cannot_be_pruned_keeps_its_mask() -> None:
    net = nn.Sequential(
        nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 4, 3), nn.Flatten(), nn.ReLU(), nn.Linear(16, 4)
    )
    torch_prune.l1_unstructured(net[1], "weight", 6)
    path = ll.prune(
        net, DATA, "magnitude", to_sparsity=0.5, steps=1, recovery="finetune", progress=False
    )
    found = path.model_at(0.5)
    found(X)
    assert int((found[1].weight == 0).sum()) == 6
    assert path.table()["network_sparsity"].tolist() == [6 / 76, 38 / 76]


def test_in_binary_networks_the_mask_is_continued() -> None:
    model = BinarizedMLP(6, (10,), 4)
    with torch.no_grad():
        model.layers[0].weight[0] = 0.0  # a latent 0 is +1
    path = ll.prune(model, DATA, "magnitude", to_sparsity=0.4, steps=1, progress=False)
    assert len(path.parts.held) == 0
    start = path.model_at(0.4)
    on = ll.prune(start, DATA, "random", to_sparsity=0.7, steps=3, progress=False)
    assert on.table()["weight_sparsity"].tolist() == pytest.approx([0.4, 0.5, 0.6, 0.7])
    for module, before in zip(on.model_at(0.7).modules(), start.modules(), strict=True):
        if isinstance(module, BinaryLinear) and isinstance(before, BinaryLinear):
            assert bool((module.mask <= before.mask).all())
    back = ll.prune(start, DATA, "random", to_sparsity=0.2, steps=1, zeros="free", progress=False)
    assert back.table()["weight_sparsity"].tolist() == pytest.approx([0.0, 0.2])


def test_units_that_nothing_enters_and_nothing_leaves_are_gone() -> None:
    net = network()
    masks = full_masks(net)
    masks["0"][[2, 5]] = False
    masks["2"][:, [2, 7]] = False
    masks["0"][0, 0] = False
    apply_masks(net, masks)
    assert Parts.of(net, "unit").held.tolist() == [2]
    path = ll.prune(
        net, DATA, "magnitude", granularity="unit", to_sparsity=0.5, steps=2, progress=False
    )
    assert path.removal_order[0] == 2
    assert path.table()["removed"].tolist() == [1, 3, 5]
    assert path.table()["weight_sparsity"].iloc[0] == pytest.approx((12 + 8 + 1) / 100)
    for now, then in pairwise([path.masks_at(0.5), path.masks_at(0.1)]):
        assert all(bool((now[name] <= then[name]).all()) for name in now)
    assert holds(path.model_at(0.5), net)
