import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import leastloss as ll
from leastloss.criteria import CRITERIA, Criterion, Scores, ScoringContext
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.pruning import (
    Recovery,
    Repair,
    prune,
    sparsity,
)

GRANULARITY = {name: "unit" for name, make in CRITERIA.items() if make().units_only}
"""Of criteria that score units alone."""


@dataclass(frozen=True)
class Constant(Criterion):
    """Everything is worth the same."""

    value: float = 0.0

    def score(self, context: ScoringContext) -> Scores:
        return {n: np.full(m.shape, self.value) for n, m in context.masks.items()}


@pytest.fixture
def model(networks: dict[str, nn.Module]) -> nn.Module:
    return networks["mlp"]


def test_every_step_removes_exactly_its_share(model: nn.Module, data: Data) -> None:
    path = prune(model, data, Constant(), to_sparsity=0.9, steps=4, progress=False)
    total = len(path.parts)
    assert total == 64 * 12 + 12 * 8 + 8 * 10
    assert path.table()["removed"].tolist() == [0, 213, 425, 638, 850]
    for step in path.steps:
        masks = path.masks_at(step.removed / total)
        assert sum(int((~mask).sum()) for mask in masks.values()) == step.removed
    assert len(set(path.removal_order.tolist())) == len(path.removal_order)


def test_one_shot_magnitude_is_the_textbook_threshold(model: nn.Module, data: Data) -> None:
    path = prune(
        model, data, "magnitude", to_sparsity=0.5, steps=1, recovery="none", progress=False
    )
    named = model.named_parameters()
    weights = torch.cat([p.detach().flatten() for n, p in named if n.endswith("weight")])
    kept = torch.cat([mask.flatten() for mask in path.masks_at(0.5).values()])
    assert weights[kept].abs().min() >= weights[~kept].abs().max()


@pytest.mark.parametrize("schedule", ["one-shot", "iterative", "sequential"])
def test_magnitude_is_the_same_under_every_schedule(
    schedule: str, model: nn.Module, data: Data
) -> None:
    options: dict[str, Any] = {"to_sparsity": 0.05, "recovery": "none", "progress": False}
    path = prune(model, data, "magnitude", schedule=schedule, steps=2, **options)
    once = prune(model, data, "magnitude", steps=1, **options)
    assert path.removal_order.tolist() == once.removal_order.tolist()


@pytest.mark.parametrize(
    ("name", "kind"), [(n, k) for n in CRITERIA for k in ("mlp", "binarized-mlp")
                       if (n, k) != ("flips", "mlp")]
)  # fmt: skip
def test_same_seed_same_bits(
    name: str, kind: str, networks: dict[str, nn.Module], data: Data
) -> None:
    paths = [
        prune(
            networks[kind],
            data,
            name,
            granularity=GRANULARITY.get(name, "weight"),
            to_sparsity=0.6,
            steps=2,
            seed=3,
            progress=False,
        )
        for _ in range(2)
    ]
    assert np.array_equal(paths[0].removal_order, paths[1].removal_order)
    tables = [path.table().drop(columns=["score_seconds", "repair_seconds"]) for path in paths]
    assert tables[0].equals(tables[1])


def test_the_repair_has_its_seconds(model: nn.Module, data: Data) -> None:
    options: dict[str, Any] = {"sparsities": [0.3, 0.6], "substeps": 2, "progress": False}
    seconds = {
        recovery: prune(model, data, "magnitude", recovery=recovery, **options).table()
        for recovery in ("none", "finetune:epochs=30")
    }
    spent = {recovery: table["repair_seconds"] for recovery, table in seconds.items()}
    assert (spent["none"] >= 0).all()
    assert (spent["finetune:epochs=30"][1:] > 10 * spent["none"][1:]).all()
    assert spent["finetune:epochs=30"][0] < spent["finetune:epochs=30"][1]  # not repaired


def test_another_seed_breaks_ties_otherwise(model: nn.Module, data: Data) -> None:
    paths = [prune(model, data, Constant(), steps=1, seed=s, progress=False) for s in (0, 1)]
    assert not np.array_equal(paths[0].removal_order, paths[1].removal_order)


def test_the_dense_model_is_left_as_it_is(model: nn.Module, data: Data) -> None:
    before = copy.deepcopy(model.state_dict())
    prune(model, data, "nc", to_sparsity=0.5, steps=1, recovery="finetune", progress=False)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_no_layer_loses_its_last_unit(networks: dict[str, nn.Module], data: Data) -> None:
    for name in CRITERIA:
        for schedule in ("iterative", "sequential"):
            path = prune(
                networks["binarized-mlp" if name == "flips" else "mlp"],
                data,
                name,
                granularity="unit",
                to_sparsity=0.9,
                steps=2,
                schedule=schedule,
                progress=False,
            )
            masks = path.masks_at(0.9)
            left = {layer: int(masks[layer].any(dim=1).sum()) for layer in path.parts.sizes}
            assert all(left.values()), f"{name}, {schedule}: {left}"
            assert sum(left.values()) == 2


def test_metrics_of_every_step(networks: dict[str, nn.Module], data: Data) -> None:
    table = prune(networks["mlp"], data, "nc", to_sparsity=0.9, steps=3, progress=False).table()
    for metric in ("accuracy", "balanced_accuracy", "minority_recall", "worst_class_recall",
                   "macro_f1", "recall_class_0", "recall_class_9"):  # fmt: skip
        assert table[metric].between(0, 1).all()
        assert f"val_{metric}" in table
    assert (table["bdm_bits"].diff().dropna() != 0).all()
    assert table["compressed_bytes"].iloc[-1] < table["compressed_bytes"].iloc[0]
    assert table["nc1"].iloc[0] > 0
    assert table["ties_at_cut"].between(0, 1).all()
    assert table["dead_units"].iloc[0] == 0
    assert table["weight_sparsity"].tolist() == pytest.approx(table["sparsity"].tolist())


def test_scores_that_are_not_finite_stop_the_loop(model: nn.Module, data: Data) -> None:
    with pytest.raises(InputError, match="scores are not finite"):
        prune(model, data, Constant(value=float("nan")), progress=False)


@dataclass(frozen=True, kw_only=True)
class Spy(Recovery):
    """Notes the sparsity it is handed."""

    seen: list[float]

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        return lambda model, masks: self.seen.append(sparsity(masks))


def test_recovery_runs_after_every_step(model: nn.Module, data: Data) -> None:
    spy = Spy(seen=[])
    prune(model, data, "random", to_sparsity=0.5, steps=2, recovery=spy, progress=False)
    assert spy.seen == pytest.approx([0.25, 0.5], abs=1e-3)


@pytest.fixture
def own_network() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 10))


@pytest.mark.parametrize("name", sorted(set(CRITERIA) - {"flips"}))
def test_a_users_own_network_and_tensors(name: str, own_network: nn.Module, data: Data) -> None:
    tensors = (data.train.x, data.train.y)
    options: dict[str, Any] = {"to_sparsity": 0.5, "steps": 1, "progress": False}
    options |= {"granularity": GRANULARITY.get(name, "weight")}
    path = prune(own_network, tensors, name, **options)
    assert path.table()["sparsity"].iloc[-1] == pytest.approx(0.5, abs=1e-3)
    loader = DataLoader(TensorDataset(*tensors), batch_size=50)
    other = prune(own_network, loader, name, **options)
    assert np.array_equal(path.removal_order, other.removal_order)


@pytest.mark.parametrize("recovery", ["none", "recalibrate", "finetune"])
def test_a_network_in_double_precision(recovery: str, own_network: nn.Module, data: Data) -> None:
    double = own_network.double()
    path = prune(double, data, "nc", to_sparsity=0.5, steps=1, recovery=recovery, progress=False)
    assert path.model_at(path.table()["sparsity"].iloc[-1])[1].weight.dtype == torch.float64


def test_what_is_pruned_stays_pruned_in_later_training(own_network: nn.Module, data: Data) -> None:
    pruned = prune(own_network, data, "magnitude", to_sparsity=0.8, progress=False).model_at(0.8)
    zeros = [layer.weight == 0 for layer in (pruned[1], pruned[3])]
    assert sum(int(zero.sum()) for zero in zeros) == round(0.8 * (64 * 20 + 200))
    with pytest.warns(UserWarning, match="1,184 of 1,480 weights are zero already"):
        ll.fit(pruned, data, epochs=2, progress=False)
    for zero, layer in zip(zeros, (pruned[1], pruned[3]), strict=True):
        assert torch.equal(layer.weight == 0, zero)
    with pytest.raises(InputError, match=r"1,184 of 1,480 parts \(0\.8\) are zero already"):
        prune(pruned, data, "magnitude", to_sparsity=0.7, progress=False)


def test_one_shot_scores_the_network_as_it_was_trained(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    options: dict[str, Any] = {"schedule": "one-shot", "steps": 3, "progress": False}
    plain, repaired = (
        prune(networks["mlp"], data, "magnitude", recovery=recovery, **options)
        for recovery in ("none", "compensate")
    )
    assert np.array_equal(plain.removal_order, repaired.removal_order)
