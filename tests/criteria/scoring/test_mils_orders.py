"""Orders of MILS: every weight and unit once, prefixes, signs in turn, no layer emptied."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.criteria.cases import binary, context

from leastloss.criteria import MILS, ScoringContext
from leastloss.criteria.scoring import mils_orders
from leastloss.models import hidden_units


def case(granularity: str = "weight", *, balance: bool = False) -> ScoringContext:
    return replace(context(binary(), granularity), balance=balance)  # type: ignore[arg-type]  # one of two words


def signs(given: ScoringContext) -> np.ndarray:
    weights = [given.model.get_submodule(name).weight.detach() for name in given.masks]
    return torch.cat([weight.flatten() for weight in weights]).numpy() < 0


@pytest.mark.parametrize("encoding", ["polarity", "sign"])
@pytest.mark.parametrize("boundary", ["periodic", "ignore"])
def test_every_weight_goes_once_and_fewer_are_the_beginning(encoding: str, boundary: str) -> None:
    mils = MILS(encoding=encoding, boundary=boundary, block=3)
    size = len(signs(case()))
    order = mils.removal_order(case(), size)
    assert order is not None
    assert sorted(order.tolist()) == list(range(size))
    shorter = mils.removal_order(case(), 25)
    assert shorter is not None
    assert np.array_equal(shorter, order[:25])


@pytest.mark.parametrize("boundary", ["periodic", "ignore"])
def test_signs_take_turns(boundary: str) -> None:
    given = case(balance=True)
    order = MILS(boundary=boundary, block=3).removal_order(given, 60)
    assert order is not None
    negative = signs(given)[order]
    both = min(int(signs(given).sum()), int((~signs(given)).sum()))
    assert all(negative[:both][1:] != negative[:both][:-1])


def test_the_last_unit_of_a_layer_stays() -> None:
    given = case("unit")
    widths = [given.masks[name].shape[0] for name in hidden_units(given.model)]
    order = MILS(block=2).removal_order(given, sum(widths) - len(widths))
    assert order is not None
    ends = np.cumsum(widths)
    layer = np.searchsorted(ends, order, side="right")
    assert np.bincount(layer).tolist() == [width - 1 for width in widths]
    assert len(set(order.tolist())) == len(order)


def test_cells_are_cleared_in_their_matrices() -> None:
    matrices = [np.ones((2, 2), np.uint8), np.ones((1, 3), np.uint8)]
    mils_orders._clear(matrices, [np.array([1]), np.array([4, 6])])
    assert [matrix.tolist() for matrix in matrices] == [[[1, 0], [1, 1]], [[0, 1, 0]]]
