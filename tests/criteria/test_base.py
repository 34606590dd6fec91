"""The interface of criteria: exact orders of static scores, facts, options of one schedule."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
import torch
from tests.criteria.cases import context, mlp, split

from leastloss.criteria import Criterion, Magnitude, NeuralCollapse, Scores, ScoringContext
from leastloss.criteria.base import order_by
from leastloss.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Constant(Criterion):
    """The same for all.

    More lines of documentation.
    """

    static: ClassVar[bool] = True
    sequential_only: ClassVar[tuple[str, ...]] = ("depth",)
    depth: int = 1

    def score(self, context: ScoringContext) -> Scores:
        return {name: np.ones(mask.shape) for name, mask in context.masks.items()}


def test_name_summary_and_label_follow_from_the_class() -> None:
    assert (Constant().name, Constant().summary) == ("constant", "The same for all.")
    assert Constant(depth=3).label == "constant:depth=3"


def test_an_option_of_one_schedule_is_refused_under_others() -> None:
    Constant().check_schedule("one-shot")
    Constant(depth=2).check_schedule("sequential")
    with pytest.raises(InputError, match="'constant:depth=2' sets depth, which the schedule 'one-"):
        Constant(depth=2).check_schedule("one-shot")


def test_the_lowest_that_are_there_go_first_and_ties_at_random() -> None:
    case = context(mlp())
    size = sum(mask.numel() for mask in case.masks.values())
    first = next(iter(case.masks.values()))
    first[0] = False  # the first 32 weights are gone
    order = order_by(Constant().score(case), case, size)
    assert sorted(order.tolist()) == list(range(32, size))
    assert order.tolist() != sorted(order.tolist())
    scores = Magnitude().score(case)
    flat = np.concatenate([score.ravel() for score in scores.values()])
    lowest = order_by(scores, case, 10)
    assert np.array_equal(flat[lowest], np.sort(flat[32:])[:10])


def test_in_balance_signs_take_turns() -> None:
    case = replace(context(mlp()), balance=True)
    order = order_by(Magnitude().score(case), case, 20)
    weights = torch.cat([layer.flatten() for layer in _weights(case)])
    signs = (weights[torch.from_numpy(order)] < 0).tolist()
    assert all(a != b for a, b in pairwise(signs))


def _weights(case: ScoringContext) -> list[torch.Tensor]:
    return [case.model.get_submodule(name).weight.detach() for name in case.masks]


def test_only_weights_of_a_static_criterion_have_an_order() -> None:
    assert Constant().removal_order(context(mlp(), "unit"), 1) is None
    assert Constant().removal_order(context(mlp()), 3) is not None


@pytest.mark.parametrize(
    ("counts", "facts"),
    [
        ((9, 5, 2), {}),
        ((4, 4, 4), {"equal_classes_so_balance_changes_nothing": 3}),
        ((6, 5, 5), {"nearly_equal_classes_so_balance_changes_little": 3}),
    ],
)
def test_balance_that_changes_little_is_a_fact(
    counts: tuple[int, ...], facts: dict[str, int]
) -> None:
    case = context(mlp(), train=split(counts))
    assert NeuralCollapse().facts(case) == facts
    assert Magnitude().facts(case) == {}  # it has no option to balance classes
