"""The table of CTM values."""

import numpy as np
import pytest

from leastloss.information import (
    ctm_table,
)


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
