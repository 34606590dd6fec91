"""LAMP by hand, by brute force, and its exact order."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.criteria.cases import context
from torch import nn

from leastloss.criteria import LAMP
from leastloss.criteria.lamp import lamp_scores

VALUES = st.lists(
    st.tuples(st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]), st.booleans()), min_size=1
)


def test_by_hand() -> None:
    weights = torch.tensor([[2.0, -1.0], [0.5, 3.0]])
    expected = [[4 / 13, 1 / 14], [0.25 / 14.25, 1.0]]
    found = lamp_scores(weights, torch.ones(2, 2, dtype=torch.bool))
    np.testing.assert_allclose(found, expected)


@given(VALUES)
def test_every_weight_is_divided_by_all_that_are_not_smaller(
    values: list[tuple[float, bool]],
) -> None:
    weights = torch.tensor([value for value, _ in values])
    mask = torch.tensor([kept for _, kept in values])
    found = lamp_scores(weights, mask)
    for w, kept, score in zip(weights.tolist(), mask.tolist(), found.tolist(), strict=True):
        left = sum(v**2 for v, there in values if there and abs(v) >= abs(w))
        assert score == pytest.approx(w**2 / left if kept and left else 0.0)


@given(VALUES, st.floats(0.01, 100.0))
def test_the_scale_of_a_layer_does_not_matter(
    values: list[tuple[float, bool]], scale: float
) -> None:
    weights = torch.tensor([value for value, _ in values], dtype=torch.float64)
    mask = torch.tensor([kept for _, kept in values])
    np.testing.assert_allclose(lamp_scores(scale * weights, mask), lamp_scores(weights, mask))


def layers(first: list[float], second: list[float]) -> nn.Module:
    model = nn.Sequential(nn.Linear(1, len(first)), nn.Linear(len(second), 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor(first)[:, None])
        model[1].weight.copy_(torch.tensor(second)[None])
    return model


@pytest.mark.parametrize("seed", range(5))
def test_the_order_is_that_of_scoring_again_after_every_removal(seed: int) -> None:
    draw = np.random.default_rng(seed)
    first, second = (draw.choice([0.5, -0.5, 1.0, 2.0, 2.5], 7).tolist() for _ in range(2))
    case = replace(context(layers(first, second)), generator=draw)
    order = LAMP().removal_order(case, 14)
    assert order is not None
    assert sorted(order.tolist()) == list(range(14))
    for gone in order:  # each goes while it is one of those that score lowest
        flat = np.concatenate([score.ravel() for score in LAMP().score(case).values()])
        assert flat[gone] == pytest.approx(np.nanmin(flat))
        mask = case.masks["0" if gone < 7 else "1"]
        mask.view(-1)[gone % 7] = False


def test_equal_weights_go_in_random_order() -> None:
    case = context(layers([1.0] * 6, [1.0] * 6))
    orders = {tuple(LAMP().removal_order(case, 12)) for _ in range(3)}  # type: ignore[arg-type]  # weights have an order
    assert len(orders) == 3


def test_no_order_for_units_nor_for_signs_that_take_turns() -> None:
    case = context(layers([1.0, 2.0], [1.0, 2.0]))
    assert LAMP().removal_order(replace(case, granularity="unit"), 1) is None
    assert LAMP().removal_order(replace(case, balance=True), 1) is None
