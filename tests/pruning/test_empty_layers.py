"""No layer loses its last weight, whatever scores, schedules and quotas say, unless asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import leastloss as ll
from leastloss.criteria.base import Criterion, Scores, ScoringContext
from leastloss.errors import InputError
from leastloss.pruning import Parts, PruningPath, shuffled
from leastloss.pruning.quotas import Allotted
from leastloss.pruning.selection import Occupied

X = torch.rand(120, 6, generator=torch.Generator().manual_seed(0))
DATA = ll.Data.from_tensors((X, X[:, :4].argmax(dim=1)))
OPTIONS: dict[str, Any] = {"recovery": "none", "progress": False}


@dataclass(frozen=True, kw_only=True)
class LastFirst(Criterion):
    """Take the last layer first, in one order or score by score."""

    name = "last-first"
    exact: bool = False

    def score(self, context: ScoringContext) -> Scores:
        """Score every weight by its layer and place."""
        return {
            name: np.arange(mask.numel(), dtype=float).reshape(tuple(mask.shape)) - 1000 * i
            for i, (name, mask) in enumerate(context.masks.items())
        }

    def removal_order(self, context: ScoringContext, k: int) -> np.ndarray[Any, Any] | None:
        """The same as an order."""
        if not self.exact:
            return None
        flat = np.concatenate([one.ravel() for one in self.score(context).values()])
        alive = np.concatenate([mask.flatten().numpy() for mask in context.masks.values()])
        order = np.argsort(flat)
        return order[alive[order]][:k]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))


def kept(path: PruningPath, sparsity: float) -> list[int]:
    return [int(mask.sum()) for mask in path.masks_at(sparsity).values()]


@pytest.mark.parametrize("balance", ["none", "polarity"])
@pytest.mark.parametrize("schedule", ["one-shot", "iterative", "sequential"])
@pytest.mark.parametrize("exact", [False, True])
def test_one_weight_of_each_layer_stays(exact: bool, schedule: str, balance: str) -> None:
    given = OPTIONS | {"schedule": schedule, "balance": balance}
    criterion = LastFirst(exact=exact)
    path = ll.prune(network(), DATA, criterion, sparsities=[0.4, 0.6, 0.8], **given)
    assert kept(path, 0.8) == [9, 1]
    assert path.table()["removed"].tolist() == [0, 20, 30, 40]
    assert not any("no weight left" in remark for remark in path.remarks)
    free = ll.prune(
        network(), DATA, criterion, sparsities=[0.4, 0.6, 0.8], empty_layers=True, **given
    )
    assert kept(free, 0.8) == [10, 0]
    assert any(remark.startswith("layer '2' has no weight left") for remark in free.remarks)
    if balance == "none":
        assert "layer '2' has no weight left from sparsity 0.4 on" in free.remarks


@pytest.mark.parametrize("recovery", ["none", "compensate"])
@pytest.mark.parametrize("schedule", ["one-shot", "iterative", "sequential"])
@pytest.mark.parametrize("criterion", ["magnitude", "random", "obs", "lamp", "mils-entropy", "nc"])
def test_every_criterion_goes_as_far_as_there_is_room(
    criterion: str, schedule: str, recovery: str
) -> None:
    given = OPTIONS | {"schedule": schedule, "recovery": recovery}
    path = ll.prune(network(), DATA, criterion, sparsities=[0.5, 0.96], **given)
    assert kept(path, 0.96) == [1, 1]
    assert kept(shuffled(path, DATA), 0.96) == [1, 1]


@pytest.mark.parametrize("allocation", ["uniform", "erk", "lamp"])
def test_allocations_leave_one_too(allocation: str) -> None:
    given = OPTIONS | {"allocation": allocation}
    path = ll.prune(network(), DATA, "magnitude", sparsities=[0.5, 0.96], **given)
    assert kept(path, 0.96) == [1, 1]


def test_shares_that_empty_no_layer_are_those_of_the_rule() -> None:
    parts = Parts.of(network(), "weight")
    none = np.zeros(50, dtype=bool)
    first = Allotted(lambda k: np.array([0.0, k]), parts)
    assert first.next(none, 15).tolist() == [0, 15]
    assert first.next(none, 20).tolist() == [1, 19]
    assert Allotted(lambda k: np.array([0.0, k]), parts, True).next(none, 20).tolist() == [0, 20]


def test_there_must_be_room_for_one_weight_of_each_layer() -> None:
    with pytest.raises(InputError, match="removing 49 of 50 weights would empty one of 2") as said:
        ll.prune(network(), DATA, "magnitude", sparsities=[0.98], **OPTIONS)
    assert "can be at most 0.96, or more with empty_layers=True" in str(said.value)
    path = ll.prune(network(), DATA, "magnitude", sparsities=[0.98], empty_layers=True, **OPTIONS)
    assert sum(kept(path, 0.98)) == 1


def test_layer_ratios_that_empty_a_layer_are_refused_unless_asked_for() -> None:
    given = OPTIONS | {"sparsities": [0.4, 0.8]}
    emptied = ll.prune(network(), DATA, LastFirst(), empty_layers=True, **given)
    with pytest.raises(InputError, match="a path that empties layer '2'"):
        ll.prune(network(), DATA, "random", allocation=emptied, **given)
    other = ll.prune(network(), DATA, "random", allocation=emptied, empty_layers=True, **given)
    assert kept(other, 0.8) == kept(shuffled(emptied, DATA), 0.8) == [10, 0]


def test_units_always_keep_one() -> None:
    with pytest.raises(InputError, match="empty_layers is for weights"):
        ll.prune(network(), DATA, "magnitude", granularity="unit", empty_layers=True, **OPTIONS)


@pytest.mark.parametrize(
    ("chosen", "emptied"), [([0], False), ([0, 1], True), ([2, 3], False), ([2, 3, 4], True)]
)
def test_a_layer_is_emptied_by_its_last_living_part(chosen: Sequence[int], emptied: bool) -> None:
    layers = Occupied(np.array([0, 0, 1, 1, 1, 2]))
    alive = np.array([True, True, True, True, True, False])  # the third is empty already
    assert layers.emptied_by(np.array(chosen), alive) is emptied
