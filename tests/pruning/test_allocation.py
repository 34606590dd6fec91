"""Shares of layers: rules against hand-worked cases, integers that add up, nesting along a path."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.pruning import ALLOCATIONS, prune
from leastloss.pruning.allocation import apportion, erk, lamp, uniform

SHAPES = st.lists(
    st.one_of(
        st.tuples(st.integers(1, 30), st.integers(1, 30)),
        st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 3), st.integers(1, 3)),
    ),
    min_size=1,
    max_size=5,
)


@given(SHAPES, st.data())
def test_erk_densities_follow_the_formula_or_stand_at_one(
    shapes: list[tuple[int, ...]], draw: st.DataObject
) -> None:
    sizes = np.array([np.prod(shape) for shape in shapes])
    removed = draw.draw(st.integers(0, int(sizes.sum()) - 1))
    density = 1 - erk(shapes)(removed) / sizes
    assert (sizes * density).sum() == pytest.approx(sizes.sum() - removed)
    assert (density <= 1 + 1e-12).all()
    assert (density >= 0).all()
    ratio = density / [sum(shape) / np.prod(shape) for shape in shapes]
    below = density < 1 - 1e-9
    assert ratio[below].std() == pytest.approx(0, abs=1e-9) if below.any() else True
    assert (ratio <= ratio[below].max() + 1e-9).all() if below.any() else True
    further = 1 - erk(shapes)(min(removed + 1, int(sizes.sum()) - 1)) / sizes
    assert (further <= density + 1e-12).all()


def test_erk_caps_one_layer_after_the_other() -> None:
    # Scales (8/15, 4/3, 5/6) for 15, 3, 6 weights: the second, then the third would exceed one.
    gone = erk([(3, 5), (1, 3), (2, 3)])
    assert gone(4) == pytest.approx([4, 0, 0])
    assert gone(24 - 4) == pytest.approx([15 - 32 / 17, 3 - 16 / 17, 6 - 20 / 17])


def test_erk_of_a_convolution_counts_its_kernel() -> None:
    shares = erk([(4, 2, 3, 3), (10, 20)])(250) / [72, 200]
    assert (1 - shares[0]) / (1 - shares[1]) == pytest.approx((12 / 72) / (30 / 200))


@given(st.data())
def test_integers_add_up_within_their_bounds_and_lie_near(draw: st.DataObject) -> None:
    size = draw.draw(st.integers(1, 6))
    high = np.array(draw.draw(st.lists(st.integers(0, 40), min_size=size, max_size=size)))
    low = np.array([draw.draw(st.integers(0, int(most))) for most in high])
    total = draw.draw(st.integers(int(low.sum()), int(high.sum())))
    numbers = st.floats(-50, 90, allow_nan=False)
    wanted = np.array(draw.draw(st.lists(numbers, min_size=size, max_size=size)))
    found = apportion(wanted, total, low, high)
    assert found.sum() == total
    assert ((low <= found) & (found <= high)).all()
    # No part moved from one layer to another comes nearer to what is wanted.
    gain = np.where(found < high, 2 * (found - wanted) + 1, np.inf)
    loss = np.where(found > low, 2 * (wanted - found) + 1, np.inf)
    assert gain.min() + loss.min() >= -1e-6 or gain.argmin() == loss.argmin()


@given(st.integers(0, 10**6))
def test_real_shares_are_rounded_by_less_than_one(seed: int) -> None:
    draw = np.random.default_rng(seed)
    sizes = draw.integers(1, 10**6, draw.integers(1, 8))
    total = int(draw.integers(0, sizes.sum() + 1))
    wanted = uniform(sizes.tolist())(total)
    found = apportion(wanted, total, np.zeros_like(sizes), sizes)
    assert (np.abs(found - wanted) < 1).all()


def test_lamp_counts_are_those_of_a_global_cut() -> None:
    weights = {"a": torch.tensor([[3.0, -1.0]]), "b": torch.tensor([0.1, 0.2, 0.2])}
    # Scores: a 1 and 1/10; b 1/9, 1/2, 1/2 (its last is worth 1 only when the other is gone).
    counts = [lamp(weights)(removed).tolist() for removed in range(6)]
    assert counts == [[0, 0], [1, 0], [1, 1], [1, 2], [1, 3], [2, 3]]


@pytest.mark.parametrize("spacing", ["even", "geometric"])
@pytest.mark.parametrize("allocation", sorted(ALLOCATIONS))
@pytest.mark.parametrize("schedule", ["one-shot", "iterative", "sequential"])
def test_every_step_removes_exactly_its_share_and_takes_nothing_back(
    allocation: str,
    schedule: str,
    spacing: str,
    networks: dict[str, nn.Module],
    data: Data,
) -> None:
    path = prune(
        networks["mlp"],
        data,
        "magnitude",
        to_sparsity=0.97,
        steps=4,
        allocation=allocation,
        schedule=schedule,
        spacing=spacing,
        recovery="none",
        progress=False,
    )
    assert path.settings["allocation"] == allocation
    total = len(path.parts)
    removed = path.table()["removed"].to_numpy()
    assert removed[-1] == round(0.97 * total)
    for before, after in pairwise(removed):
        earlier, later = path.masks_at(before / total), path.masks_at(after / total)
        assert sum(int((~mask).sum()) for mask in later.values()) == after
        assert not any((later[name] & ~mask).any() for name, mask in earlier.items())
    sizes = np.array(list(path.parts.sizes.values()))
    layers = path.parts.layer_of
    rules = {
        "uniform": uniform(sizes.tolist()),
        "erk": erk([mask.shape for mask in path.parts.dense.values()]),
    }
    for end in removed:
        counts = np.bincount(layers[path.removal_order[:end]], minlength=3)
        if allocation in rules:
            assert (np.abs(counts - rules[allocation](int(end))) <= 1.5).all()
        elif allocation == "lamp":
            lamps = prune(
                networks["mlp"],
                data,
                "lamp",
                to_sparsity=0.97,
                steps=1,
                recovery="none",
                progress=False,
            )
            assert (
                np.abs(counts - np.bincount(layers[lamps.removal_order[:end]], minlength=3)).max()
                <= 1
            )


def test_units_of_uniform_layers(networks: dict[str, nn.Module], data: Data) -> None:
    path = prune(
        networks["mlp"],
        data,
        "magnitude",
        granularity="unit",
        allocation="uniform",
        sparsities=[0.5, 0.9],
        progress=False,
    )
    layers = path.parts.layer_of
    assert np.bincount(layers[path.removal_order[:10]]).tolist() == [6, 4]
    assert np.bincount(layers[path.removal_order]).tolist() == [11, 7]  # none loses its last unit


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"allocation": "ERK"}, "unknown allocation 'ERK'; did you mean 'erk'"),
        ({"allocation": "erk", "granularity": "unit"}, "'erk' is for weights; units go with"),
        ({"allocation": "lamp", "balance": "polarity", "recovery": "none"}, "looks at no signs"),
        ({"allocation": "erk", "schedule": "sequential"}, "cannot follow given shares of layers"),
    ],
)
def test_what_has_no_meaning_is_refused(
    options: dict[str, str], line: str, networks: dict[str, nn.Module], data: Data
) -> None:
    with pytest.raises(InputError, match=line):
        prune(networks["mlp"], data, "mils-bdm", to_sparsity=0.5, **options, progress=False)  # type: ignore[arg-type]  # options of several types
