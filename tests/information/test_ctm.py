"""The table of CTM values, and what one more copy of a block adds to a complexity."""

import numpy as np
import pytest

from leastloss.information import ctm_table
from leastloss.information.ctm import first_steps, increments, offsets_of


@pytest.mark.parametrize("block", [2, 3, 4])
def test_table_equals_pybdm_for_every_block(pybdm, block):
    model = pybdm.BDM(ndim=2, shape=(block, block))
    table = ctm_table(block)
    codes = range(0, 2 ** (block * block), 1 if block < 4 else 97)
    for code in codes:
        part = (code >> np.arange(block * block) & 1).reshape(block, block)
        assert table[code] == pytest.approx(model.bdm(part), abs=1e-12)


def test_table_has_the_symmetries_of_the_square_and_of_complement():
    table = ctm_table(4)
    bits = np.arange(65536)[:, None] >> np.arange(16) & 1
    weights = 1 << np.arange(16)
    squares = bits.reshape(-1, 4, 4)
    for other in (squares.transpose(0, 2, 1), squares[:, ::-1], 1 - squares):
        assert np.array_equal(table[other.reshape(-1, 16) @ weights], table)
    assert table.argmin() in (0, 65535)
    assert not table.flags.writeable


def test_increments_add_up_to_the_definition() -> None:
    copies = np.arange(1, 65)
    sums = np.cumsum(increments("bdm", 6)[1:])
    np.testing.assert_allclose(sums, np.log2(copies + 1), rtol=1e-12)
    entropy = np.cumsum(increments("entropy", 6)[1:])
    np.testing.assert_allclose(entropy, -(copies + 1) * np.log2(copies + 1), rtol=1e-12)


def test_large_counts_do_not_cancel() -> None:
    last = increments("bdm", 20)[-1]
    assert last == pytest.approx(1 / (2**20 * np.log(2)), rel=1e-6)


def test_offsets_are_multiples_of_the_codes_that_follow() -> None:
    assert offsets_of(4, 16) == {4: 0}
    assert offsets_of(4, 17) == {4: 0, 3: 65536, 2: 65536 + 512}
    assert all(offset % 2 ** (side * side) == 0 for side, offset in offsets_of(4, 17).items())


def test_the_first_copy_costs_its_ctm_and_nothing_for_the_entropy() -> None:
    first = first_steps("bdm", 3, 10)
    assert np.array_equal(first[:512], ctm_table(3))
    assert np.array_equal(first[512:528], ctm_table(2))
    assert not first[528:].any()
    assert not first_steps("entropy", 3, 10).any()


def test_tables_are_made_once() -> None:
    assert increments("bdm", 5) is increments("bdm", 5)
