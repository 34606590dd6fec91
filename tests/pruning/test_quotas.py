"""Balanced signs, copied layer ratios, and steps at given sparsities."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pruning.cases import DATA, OPTIONS, LastFirst, kept, network
from torch import nn

import leastloss as ll
from leastloss.criteria.scoring.polarity import negative
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.plan import Plan
from leastloss.pruning import Parts, PruningPath, prune, shuffled
from leastloss.pruning.quotas import RuleQuotas
from leastloss.pruning.schedule import rounds_of
from leastloss.pruning.selection import select

SHARES = [0.1, 0.43, 0.8]


def pruned(model: nn.Module, data: Data, criterion: str, **options: Any) -> PruningPath:
    options = {"sparsities": SHARES, "recovery": "none", "progress": False} | options
    return prune(model, data, criterion, **options)


@given(st.integers(0, 10**6))
def test_every_group_gives_its_lowest(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores, group = draw.integers(0, 4, 40).astype(float), draw.integers(0, 3, 40)
    alive, priority = draw.random(40) < 0.7, draw.random(40)
    left = np.bincount(group[alive], minlength=3)
    quota = draw.integers(0, left + 1)
    found = select(scores, alive, int(quota.sum()), priority, group, quota)
    for number in range(3):
        own = alive & (group == number)
        alone = select(scores, own, int(quota[number]), priority)
        assert found.order[group[found.order] == number].tolist() == alone.order.tolist()
    # Evenly mixed: every beginning holds each group's share, to less than one part of each group.
    for end in range(len(found.order) + 1):
        counts = np.bincount(group[found.order[:end]], minlength=3)
        assert (np.abs(counts - quota * end / max(1, quota.sum())) <= 3).all()


@pytest.mark.parametrize("schedule", ["one-shot", "iterative", "sequential"])
@pytest.mark.parametrize("criterion", ["mils-bdm", "magnitude", "random"])
@pytest.mark.parametrize("kind", ["mlp", "binarized-mlp"])
def test_steps_remove_equally_many_of_both_signs(
    kind: str, criterion: str, schedule: str, networks: dict[str, nn.Module], data: Data
) -> None:
    model = networks[kind]
    path = pruned(model, data, criterion, balance="polarity", schedule=schedule, seed=2)
    sign = negative(model, path.parts.dense)
    left = np.bincount(sign, minlength=2)
    ends = path.table()["removed"].to_numpy()
    for start, end in pairwise(ends):
        gone = np.bincount(sign[path.removal_order[start:end]], minlength=2)
        if end - start <= 2 * left.min():
            assert abs(gone[0] - gone[1]) == (end - start) % 2
        else:
            assert (left - gone).min() == 0
        left -= gone
    assert len(set(path.removal_order.tolist())) == ends[-1]
    plain = pruned(model, data, criterion, schedule=schedule, seed=2)
    assert not np.array_equal(plain.removal_order, path.removal_order)


def test_balanced_magnitude_takes_the_smallest_of_each_sign(
    networks: dict[str, nn.Module], data: Data
) -> None:
    model = networks["mlp"]
    paths = [
        pruned(model, data, "magnitude", balance="polarity", sparsities=[0.3], schedule=schedule)
        for schedule in ("iterative", "sequential")
    ]
    assert np.array_equal(*(np.sort(path.removal_order) for path in paths))
    sign = negative(model, paths[0].parts.dense)
    alone = pruned(model, data, "magnitude", sparsities=[0.9]).removal_order
    for label in (0, 1):
        own = [part for part in paths[1].removal_order if sign[part] == label]
        assert own == [part for part in alone if sign[part] == label][: len(own)]


@pytest.mark.parametrize("schedule", ["one-shot", "iterative", "sequential"])
@pytest.mark.parametrize("balance", ["none", "polarity"])
def test_the_layers_of_another_path(
    balance: str, schedule: str, networks: dict[str, nn.Module], data: Data
) -> None:
    model = networks["binarized-mlp"]
    options = {"balance": balance, "schedule": schedule}
    other = pruned(model, data, "mils-entropy", **options)
    path = pruned(model, data, "magnitude", allocation=other, **options)
    columns = [f"sparsity_layer_{i}" for i in range(3)]
    assert path.table()[columns].equals(other.table()[columns])
    assert path.settings["criterion"] == "magnitude@mils-entropy"
    free = pruned(model, data, "magnitude", **options)
    assert not free.table()[columns].equals(other.table()[columns])
    if balance == "polarity":
        sign = negative(model, path.parts.dense)
        assert np.bincount(sign[path.removal_order]).tolist() == (
            np.bincount(sign[other.removal_order]).tolist()
        )


def test_units_follow_layers_too(networks: dict[str, nn.Module], data: Data) -> None:
    options = {"granularity": "unit", "sparsities": [0.5, 0.9]}
    other = pruned(networks["mlp"], data, "magnitude", **options)
    path = pruned(networks["mlp"], data, "nc", allocation=other, **options)
    assert path.table()["sparsity_layer_0"].equals(other.table()["sparsity_layer_0"])


def test_what_cannot_follow_says_why(networks: dict[str, nn.Module], data: Data) -> None:
    model = networks["mlp"]
    other = pruned(model, data, "random", sparsities=[0.5])
    with pytest.raises(InputError, match="without a step that removes 94, 406, 755 parts"):
        pruned(model, data, "magnitude", allocation=other)
    with pytest.raises(InputError, match="another network or granularity"):
        pruned(model, data, "magnitude", allocation=other, granularity="unit", sparsities=[0.5])
    with pytest.raises(InputError, match="a path without balance"):
        pruned(model, data, "nc", allocation=other, balance="polarity", sparsities=[0.5])
    with pytest.raises(InputError, match="'mils-bdm' cannot follow given shares"):
        pruned(model, data, "mils-bdm", allocation=other, schedule="sequential", sparsities=[0.5])
    with pytest.raises(InputError, match="did you mean 'polarity'"):
        pruned(model, data, "magnitude", balance="polar")
    with pytest.raises(InputError, match="units have no sign"):
        pruned(model, data, "magnitude", balance="polarity", granularity="unit")


def test_steps_at_given_sparsities(networks: dict[str, nn.Module], data: Data) -> None:
    path = pruned(networks["mlp"], data, "magnitude", sparsities=np.array([0.1, 0.5]))
    total = len(path.parts)
    assert path.table()["removed"].tolist() == [0, round(0.1 * total), round(0.5 * total)]
    assert path.settings["sparsities"] == [0.1, 0.5]
    assert (path.settings["to_sparsity"], path.settings["steps"]) == (0.5, 2)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ([], "sparsities are empty"),
        ([0.0, 0.5], r"sparsities is \[0.0, 0.5\]; each must be a number in \(0, 1\)"),
        ([0.5, 1.0], "each must be a number in"),
        ([float("nan")], "each must be a number in"),
        ([0.5, 0.4], "must increase"),
        ([0.5, 0.5], "must increase"),
        ([0.5, 0.51], "of 10 parts remove 5, 5; every step must remove"),
        ([0.5, 0.99], "one must stay"),
        ([0.01], "must remove at least one"),
    ],
)
def test_sparsities_that_are_no_steps(shares: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        rounds_of(Plan(sparsities=shares), 10)


@pytest.mark.parametrize("allocation", ["uniform", "erk", "lamp"])
def test_allocations_leave_one_too(allocation: str) -> None:
    given = OPTIONS | {"allocation": allocation}
    path = ll.prune(network(), DATA, "magnitude", sparsities=[0.5, 0.96], **given)
    assert kept(path, 0.96) == [1, 1]


def test_shares_that_empty_no_layer_are_those_of_the_rule() -> None:
    parts = Parts.of(network(), "weight")
    none = np.zeros(50, dtype=bool)
    first = RuleQuotas(lambda k: np.array([0.0, k]), parts)
    assert first.next(none, 15).tolist() == [0, 15]
    assert first.next(none, 20).tolist() == [1, 19]
    assert RuleQuotas(lambda k: np.array([0.0, k]), parts, True).next(none, 20).tolist() == [0, 20]


def test_layer_ratios_that_empty_a_layer_are_refused_unless_asked_for() -> None:
    given = OPTIONS | {"sparsities": [0.4, 0.8]}
    emptied = ll.prune(network(), DATA, LastFirst(), empty_layers=True, **given)
    with pytest.raises(InputError, match="a path that empties layer '2'"):
        ll.prune(network(), DATA, "random", allocation=emptied, **given)
    other = ll.prune(network(), DATA, "random", allocation=emptied, empty_layers=True, **given)
    assert kept(other, 0.8) == kept(shuffled(emptied, DATA), 0.8) == [10, 0]
