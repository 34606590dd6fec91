"""Costs of candidates, bits and cells of symbols."""

import numpy as np
import pytest

from leastloss.information import STRATEGIES, removal_cost
from leastloss.information.engine import ranks
from leastloss.information.rules import strategy_number


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_costs_are_those_of_the_public_function(strategy: str) -> None:
    losses = np.array([-3.5, -1.0, -(2.0**-20), 0.0, 2.0**-20, 1.0, 3.5])
    number = strategy_number(strategy)
    costs = [ranks.cost_of.py_func(loss, number) for loss in losses]
    assert costs == removal_cost(losses, strategy).tolist()


def test_bits_of_a_symbol_follow_from_its_side() -> None:
    side = np.array([2, 2, 3, 4], np.uint8)
    assert [ranks.bits_of.py_func(side, symbol) for symbol in (0, 2, 3)] == [15, 511, 65535]
    assert ranks.bits_of.py_func(side, 4 + 2) == 511  # of the second pool


def test_the_set_bit_of_a_rank() -> None:
    bits = 0b1011_0100
    assert [ranks.bit_at.py_func(bits, rank) for rank in range(4)] == [2, 4, 5, 7]


def test_the_cell_of_a_bit_lies_in_the_row_and_column_of_its_matrix() -> None:
    base, cols = np.array([0, 30, 50]), np.array([6, 4, 8])  # matrices of 5x6, 5x4 and any rows
    side = np.array([3], np.uint8)
    first = 30 + 1 * 4 + 1  # row 1, column 1 of the second matrix
    cells = [ranks.cell_of.py_func(first, base, cols, side, 0, bit) for bit in range(9)]
    assert cells == [30 + row * 4 + col for row in (1, 2, 3) for col in (1, 2, 3)]


def test_items_are_read_by_their_own_symbol_and_by_the_next() -> None:
    side, head = np.full(16, 2, np.uint8), np.full(16, -1)
    head[0b0111] = 5  # a block of an item has this symbol
    read = ranks.items_read.py_func
    assert read(head, side, np.array([0b0111]), 1)
    assert read(head, side, np.array([0b0011]), 1)  # one bit fewer: it would get this one
    assert not read(head, side, np.array([0b0001, 0b1111]), 2)
