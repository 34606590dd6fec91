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
from leastloss.pruning import Recovery, Repair, apply_masks, prune, sparsity
from leastloss.pruning.masks import Parts
from leastloss.pruning.scorer import Scorer

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


def test_masks_are_nested_and_follow_from_the_order(model: nn.Module, data: Data) -> None:
    path = prune(model, data, "magnitude", to_sparsity=0.8, steps=4, progress=False)
    before = path.masks_at(0.0)
    for share in (0.2, 0.4, 0.55, 0.8):
        after = path.masks_at(share)
        assert all(bool((before[name] | ~after[name]).all()) for name in after)
        before = after


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
    tables = [path.table().drop(columns="score_seconds") for path in paths]
    assert tables[0].equals(tables[1])


def test_another_seed_breaks_ties_otherwise(model: nn.Module, data: Data) -> None:
    paths = [prune(model, data, Constant(), steps=1, seed=s, progress=False) for s in (0, 1)]
    assert not np.array_equal(paths[0].removal_order, paths[1].removal_order)


def test_the_dense_model_is_left_as_it_is(model: nn.Module, data: Data) -> None:
    before = copy.deepcopy(model.state_dict())
    prune(model, data, "nc", to_sparsity=0.5, steps=1, recovery="finetune", progress=False)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("recovery", ["none", "recalibrate", "finetune"])
def test_model_at_a_step_gives_the_metrics_of_that_step(
    recovery: str, networks: dict[str, nn.Module], data: Data
) -> None:
    path = prune(
        networks["binarized-mlp"],
        data,
        "random",
        to_sparsity=0.6,
        steps=3,
        recovery=recovery,
        progress=False,
    )
    for row in path.table().to_dict("records"):
        found = ll.evaluate(path.model_at(row["sparsity"]), data.test)
        assert found["accuracy"] == row["accuracy"]
        assert found["loss"] == row["loss"]


@pytest.mark.parametrize(
    ("kind", "recovery"),
    [("binarized-mlp", "none"), ("binarized-mlp", "auto"), ("mlp", "auto"), ("mlp", "adjust")],
)
def test_model_between_steps_is_masked_and_repaired(
    kind: str, recovery: str, networks: dict[str, nn.Module], data: Data
) -> None:
    options: dict[str, Any] = {"recovery": recovery, "schedule": "one-shot", "progress": False}
    path = prune(networks[kind], data, "random", to_sparsity=0.6, steps=2, **options)
    finer = prune(networks[kind], data, "random", to_sparsity=0.6, steps=4, **options)
    found = path.model_at(0.45)(data.test.x)
    assert torch.allclose(found, finer.model_at(0.45)(data.test.x), atol=1e-4)
    expected = copy.deepcopy(networks[kind])
    apply_masks(expected, path.masks_at(0.45))
    assert torch.equal(found, expected(data.test.x)) == (recovery == "none")
    with pytest.raises(InputError, match=r"goes from 0 to 0\.5996"):
        path.model_at(0.7)


def test_model_between_steps_needs_a_repair_without_memory(
    networks: dict[str, nn.Module], data: Data
) -> None:
    path = prune(
        networks["mlp"],
        data,
        "random",
        to_sparsity=0.6,
        steps=2,
        recovery="finetune:epochs=1",
        progress=False,
    )
    with pytest.raises(InputError, match=r"no step of this path has sparsity 0\.45"):
        path.model_at(0.45)


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


def test_layers_can_be_named(own_network: nn.Module, data: Data) -> None:
    path = prune(own_network, data, "magnitude", layers=["1"], to_sparsity=0.5, progress=False)
    assert list(path.masks_at(0.5)) == ["1"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"criterion": "magnitud"}, "unknown criterion 'magnitud'; did you mean 'magnitude'"),
        ({"schedule": "oneshot"}, "did you mean 'one-shot'"),
        ({"recovery": "tune"}, "did you mean 'finetune'"),
        ({"granularity": "filter"}, "unknown granularity 'filter'"),
        ({"criterion": 3}, "criterion is 3; it must be a text or a Criterion"),
        ({"recovery": None}, "recovery is None; it must be a text or a Recovery"),
        ({"to_sparsity": 1.0}, "to_sparsity is 1.0"),
        ({"to_sparsity": "0.5"}, "to_sparsity is '0.5'; it must be a number"),
        ({"sparsities": 0.5}, "sparsities is 0.5; it must be a list of numbers"),
        ({"sparsities": "0.5"}, "sparsities is '0.5'; it must be a list of numbers"),
        ({"sparsities": ()}, "sparsities are empty"),
        (
            {"layers": "1"},
            r"layers is '1'; it must be a list of texts or None; give a list, as in \['1'\]",
        ),
        ({"steps": 0}, "steps is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"layers": ["nope"]}, "unknown layer 'nope'"),
        ({"layers": ["layers.0", "layers.0"]}, "each may occur once"),
    ],
)
def test_bad_arguments_are_one_clear_line(
    wrong: dict[str, object], message: str, model: nn.Module, data: Data
) -> None:
    with pytest.raises(InputError, match=message):
        prune(model, data, **{"progress": False} | wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_each_scoring_draws_on(networks: dict[str, nn.Module], data: Data) -> None:
    parts = Parts.of(networks["mlp"], "weight")
    scorer = Scorer(CRITERIA["random"](), parts, data, seed=0)
    first = scorer.choose(networks["mlp"], np.zeros(0, dtype=np.int64), 5).order
    second = scorer.choose(networks["mlp"], first, 5).order
    assert not set(first.tolist()) & set(second.tolist())


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


def test_the_test_split_of_plain_tensors_does_not_depend_on_the_seed(
    own_network: nn.Module, data: Data
) -> None:
    pair = (data.train.x, data.train.y)
    tables = [
        prune(own_network, pair, "magnitude", steps=1, seed=seed, progress=False).table()
        for seed in (0, 1)
    ]
    columns = ["accuracy", "loss", "val_loss"]
    assert tables[0].loc[:0, columns].equals(tables[1].loc[:0, columns])


def test_units_that_would_empty_a_layer_are_refused_at_once(data: Data) -> None:
    with pytest.raises(InputError, match=r"to_sparsity can be at most 0\.75"):
        prune(ll.MLP(64, (4, 4), 10), data, "nc", granularity="unit", to_sparsity=0.9)


def test_dropout_is_seeded_too(data: Data) -> None:
    def trained() -> torch.Tensor:
        layer = nn.Linear(64, 10)
        with torch.no_grad():
            layer.weight.normal_(generator=torch.Generator().manual_seed(0))
            layer.bias.zero_()
        ll.fit(nn.Sequential(nn.Flatten(), nn.Dropout(0.5), layer), data, epochs=2, progress=False)
        return layer.weight.detach()

    assert torch.equal(trained(), trained())
