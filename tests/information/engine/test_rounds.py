"""Rounds of removals against the rule that they follow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.information import reference

from leastloss.errors import InputError
from leastloss.information import (
    BOUNDARIES,
    COMPLEXITIES,
    STRATEGIES,
    information_loss,
    removal_cost,
    removal_order,
    replay,
    set_removal_order,
)
from leastloss.information.complexity import count_blocks

RULES = [("random", 1), ("index", 1), ("together", 1), ("random", 3), ("index", 4), ("index", 50)]


def _classes(matrices, candidates, gone, name, strategy, options):
    """Cost of each candidate as the number of its class; costs apart by rounding only share one."""
    unit = int(count_blocks(matrices, **options).sizes.max()) if name == "entropy" else 1
    sets = [gone, *([*gone, *cells] for cells in candidates.values())]
    before, *after = reference.complexities(matrices, sets, name, **options)
    costs = removal_cost((before - np.array(after)) * unit, strategy)
    rank = np.argsort(costs, kind="stable")
    classes = np.empty(len(rank), int)
    classes[rank] = np.cumsum(np.diff(costs[rank], prepend=costs[rank[:1]]) > 64)
    return dict(zip(candidates, classes.tolist(), strict=True))


def _check(order, candidates, labels, ties, batch, classes_of, rounds):
    """Fail unless the first rounds of ``order`` are what the rule says."""
    left, gone, turn = dict(candidates), [], 0
    names, queue = sorted(set(labels.values())), list(order)
    for _ in range(rounds):
        if not queue:
            return
        classes = classes_of(left, gone)
        if ties == "together":
            tied = {i for i in left if classes[i] == 0}
            size = len(tied)
            assert set(queue[:size]) == tied
        else:
            size = min(batch, len(queue))
        for choice in queue[:size]:
            while names[turn] not in [labels[i] for i in left]:
                turn = (turn + 1) % len(names)
            own = [i for i in left if labels[i] == names[turn]]
            best = [i for i in own if classes[i] == min(classes[j] for j in own)]
            assert choice == min(best) if ties == "index" else choice in best
            turn = (turn + 1) % len(names)
            gone += left.pop(choice)
        queue = queue[size:]


@given(
    case=reference.cases(),
    name=st.sampled_from(list(COMPLEXITIES)),
    strategy=st.sampled_from(list(STRATEGIES)),
    rule=st.sampled_from(RULES),
    balanced=st.booleans(),
)
@reference.examples(50)
def test_every_round_follows_the_rule(case, name, strategy, rule, balanced):
    matrices, options = case
    ties, batch = rule
    ends = np.cumsum([matrix.size for matrix in matrices])
    label = [3, 1, 3, 3, 1, 1][: len(matrices)] if balanced and ties != "together" else None
    given = {"complexity": name, "strategy": strategy, "ties": ties, "batch": batch, **options}
    order = removal_order(matrices, balance=label, **given).tolist()
    assert sorted(order) == sorted(removal_order(matrices, **options))
    cells = {cell: [cell] for cell in sorted(order)}
    owner = dict(zip(cells, np.searchsorted(ends, list(cells), side="right"), strict=True))
    labels = {cell: label[m] if label else 0 for cell, m in owner.items()}

    def classes_of(left, gone):
        return _classes(matrices, left, gone, name, strategy, options)

    _check(order, cells, labels, ties, batch, classes_of, 4)
    cut = len(order) // 2 + 1
    if order:
        part = removal_order(matrices, balance=label, steps=min(cut, len(order)), **given)
        assert part.tolist() == order[: len(part)]


@given(
    case=reference.cases(),
    name=st.sampled_from(list(COMPLEXITIES)),
    rule=st.sampled_from(RULES),
)
@reference.examples(25)
def test_every_round_of_sets_follows_the_rule(case, name, rule):
    matrices, options = case
    ties, batch = rule
    size = matrices[0].size
    sets = {i: list(range(i, size, 7)) for i in range(7)} | {7: [], 8: list(range(min(size, 3)))}
    given = {"complexity": name, "ties": ties, "batch": batch, **options}
    order = set_removal_order(matrices, list(sets.values()), **given).tolist()
    assert sorted(order) == list(sets)

    def classes_of(left, gone):
        return _classes(matrices, left, gone, name, "min_absolute", options)

    _check(order, sets, dict.fromkeys(sets, 0), ties, batch, classes_of, 9)
    assert order[:4] == set_removal_order(matrices, list(sets.values()), steps=4, **given).tolist()


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
@pytest.mark.parametrize(("ties", "batch"), [("index", 1), ("together", 1), ("random", 16)])
def test_late_rounds_follow_the_rule_too(ties, batch, boundary):
    matrices = [np.random.default_rng(3).integers(0, 2, shape) for shape in ((13, 10), (8, 9))]
    options = {"block": 4, "boundary": boundary, "pooled": [0, 0]}
    order = removal_order(matrices, ties=ties, batch=batch, boundary=boundary).tolist()
    first = {"index": len(order) - 20, "random": len(order) // 16 * 16 - 16}.get(ties)
    rounds = 20
    if first is None:  # whole groups: as many rounds as the curve of classes says
        first, rounds = 0, 12
    gone = [[cell] for cell in order[:first]]
    left = {cell: [cell] for cell in sorted(order[first:])}

    def classes_of(candidates, more):
        done = [cell for cells in gone for cell in cells] + more
        return _classes(matrices, candidates, done, "bdm", "min_absolute", options)

    _check(order[first:], left, dict.fromkeys(left, 0), ties, batch, classes_of, rounds)


@pytest.mark.parametrize("balance", [None, [0, 1]])
@pytest.mark.parametrize("strategy", ["min_absolute", "max_absolute"])
@pytest.mark.parametrize("rule", [("random", 3), ("index", 50), ("random", 90), ("together", 1)])
def test_rounds_go_on_to_the_end(rule, strategy, balance):
    ties, batch = rule
    many = np.random.default_rng(0).random((2, 100, 100)) < 0.5  # every symbol many times
    options = {"ties": ties, "batch": batch, "strategy": strategy}
    order = removal_order(list(many), balance=None if ties == "together" else balance, **options)
    assert sorted(order) == np.flatnonzero(many).tolist()
    few = [np.ones((10, 6), dtype=np.uint8), np.ones((10, 6), dtype=np.uint8)]
    few[0].flat[[11, 30, 43, 49, 55]] = 0
    few[1].flat[[1, 5, 21, 23, 24, 28, 29, 36, 45]] = 0
    order = removal_order(few, block=3, boundary="periodic", **options)
    assert sorted(order) == np.flatnonzero(np.concatenate(few)).tolist()


@pytest.mark.parametrize("name", list(COMPLEXITIES))
@pytest.mark.parametrize("strategy", ["min_absolute", "max_increase"])
def test_one_batch_is_the_one_shot_ranking(name, strategy):
    four = np.random.default_rng(8).integers(0, 2, (4, 16))
    matrices = [np.tile(four, (3, 1)), four[:, :8].repeat(2, axis=0)]  # blocks repeat: ties
    losses = information_loss(matrices, complexity=name)
    losses = np.concatenate([loss.ravel() for loss in losses])
    cells = np.flatnonzero(~np.isnan(losses))
    cost = removal_cost(losses[cells] * 16, strategy)  # 16 blocks: entropy is compared times 16
    if name == "bdm":
        cost = removal_cost(losses[cells], strategy)
    given = {"complexity": name, "strategy": strategy, "batch": 10**6}
    order = removal_order(matrices, ties="index", **given)
    assert np.array_equal(order, cells[np.argsort(cost, kind="stable")])
    drawn = removal_order(matrices, **given)
    rank = np.searchsorted(cells, drawn)
    assert (np.diff(cost[rank]) >= 0).all()
    assert not np.array_equal(drawn, order)
    assert not np.array_equal(drawn, removal_order(matrices, seed=1, **given))


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_labels_stay_within_one(boundary, batch):
    generator = np.random.default_rng(0)
    planes = [generator.random(shape) < 0.4 for shape in ((9, 9), (9, 9), (6, 5))]
    given = {"boundary": boundary, "batch": batch, "uncovered": "include"}
    order = removal_order(planes, balance=[0, 5, 0], **given)
    second = (order >= 81) & (order < 162)
    counts = np.array([np.cumsum(~second), np.cumsum(second)])
    even = 2 * counts[:, -1].min()
    assert np.abs(counts[0] - counts[1])[:even].max() <= 1
    assert not second[0]  # the lowest label begins
    assert len(order) == sum(plane.sum() for plane in planes)


def test_uncovered_cells_that_go_last_take_turns_too():
    ones = np.ones((5, 4), dtype=int)
    order = removal_order([ones, ones], uncovered="last", ties="index", balance=[1, 0])
    assert order[-8:].tolist() == [36, 16, 37, 17, 38, 18, 39, 19]


def test_tied_draws_of_a_batch_are_uniform():
    matrix = np.zeros((6, 6), dtype=np.uint8)
    matrix[:3, :3] = [[1, 0, 1], [0, 0, 0], [1, 0, 1]]  # 4 tied corners
    matrix[3:, 3:] = matrix[:3, :3]
    for options in ({"batch": 2}, {"ties": "together"}):
        drawn = [
            removal_order(matrix, block=3, seed=seed, steps=2, **options) for seed in range(800)
        ]
        for position in (0, 1):
            cells, counts = np.unique([cells[position] for cells in drawn], return_counts=True)
            assert len(cells) == 8
            assert counts.min() > 60  # 100 each, standard deviation 9.4
            assert counts.max() < 140


def test_a_batch_beyond_all_is_one_shot_and_an_order_names_each_once() -> None:
    matrix = np.eye(8, dtype=np.uint8)
    huge, all_ = (removal_order(matrix, batch=batch, ties="index") for batch in (10**18, 8))
    assert huge.tolist() == all_.tolist()
    with pytest.raises(InputError, match="the order names a cell twice"):
        replay(matrix, [0, 9, 0])
    with pytest.raises(InputError, match="the order names a set twice"):
        replay(matrix, [0, 0], sets=[[0], [9]])
