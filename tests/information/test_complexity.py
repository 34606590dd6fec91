"""BDM and block entropy: against pybdm, against the definition, and in cases known by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from tests.information import reference

from leastloss.errors import InputError
from leastloss.information import (
    bdm,
    block_entropy,
    covered,
    ctm_table,
    encode,
    information_loss,
    removal_order,
)


@pytest.mark.parametrize("block", [2, 3, 4])
@pytest.mark.parametrize("boundary", ["ignore", "recursive", "overlapping"])
@pytest.mark.parametrize("shape", [(16, 16), (13, 10), (7, 27), (4, 6)])
def test_equals_pybdm(pybdm, block, boundary, shape):
    partition = {
        "ignore": pybdm.PartitionIgnore,
        "recursive": pybdm.PartitionRecursive,
        "overlapping": pybdm.PartitionCorrelated,
    }[boundary]
    model = pybdm.BDM(ndim=2, shape=(block, block), partition=partition)
    for density in (0.0, 0.1, 0.5, 1.0):
        matrix = (np.random.default_rng(block).random(shape) < density).astype(int)
        assert bdm(matrix, block=block, boundary=boundary) == pytest.approx(
            model.bdm(matrix), abs=1e-9
        )
        assert block_entropy(matrix, block=block, boundary=boundary) == pytest.approx(
            model.ent(matrix), abs=1e-9
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


@given(case=reference.cases())
@reference.examples(60)
def test_equals_the_definition(case):
    matrices, options = case
    pools = options["pooled"]
    for name, function in (("bdm", bdm), ("entropy", block_entropy)):
        expected = reference.complexity(
            matrices, name, options["block"], options["boundary"], pools
        )
        assert function(matrices, **options) == pytest.approx(expected, abs=1e-9)


def test_periodic_equals_ignore_where_blocks_fit():
    matrix = np.random.default_rng(0).integers(0, 2, (16, 24))
    assert bdm(matrix, boundary="periodic") == bdm(matrix)


def test_pooling_shares_the_blocks():
    matrix = np.random.default_rng(0).integers(0, 2, (8, 8))
    distinct = len(set(reference.block_list(matrix, 4, "ignore")))
    assert bdm([matrix, matrix]) == pytest.approx(bdm(matrix) + distinct)
    assert bdm([matrix, matrix], pooled=False) == pytest.approx(2 * bdm(matrix))


def test_covered():
    assert covered((9, 8)).sum() == 64
    assert covered((9, 8), boundary="recursive").sum() == 64  # 1 x 4 strips hold no 2 x 2 square
    assert covered((10, 8), boundary="recursive").all()
    strip = covered((7, 8), boundary="recursive")  # each 3 x 4 piece holds one 3 x 3 square
    assert np.argwhere(~strip).tolist() == [[row, col] for row in (4, 5, 6) for col in (3, 7)]
    assert covered((1, 3), boundary="periodic").all()


def test_encode():
    ternary = np.array([[1, -1], [0, 1]], dtype=np.int8)
    plus, minus = encode(ternary)
    assert plus.tolist() == [[1, 0], [0, 1]]
    assert minus.tolist() == [[0, 1], [0, 0]]
    (sign,) = encode(ternary.astype(np.float32), "sign")
    assert np.array_equal(sign, plus)
    assert sign.dtype == np.uint8


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.full((4, 4), 2), "from 2 to 2"),
        (np.full((4, 4), -1), "from -1 to -1"),
        (np.full((4, 4), 0.5), "only 0 and 1"),
        (np.full((4, 4), np.nan), "NaN"),
        (np.full((4, 4), np.inf), "only 0 and 1"),
        (np.full((4, 4), -np.inf), "from -inf to -inf"),
        (np.where(np.eye(4), np.inf, 0), "from 0.0 to inf"),
        (np.full((4, 4), 255, np.uint8), "from 255 to 255"),
        (np.full((4, 4), 1, object), "dtype object"),
        (np.zeros((4, 4), "M8[s]"), "dtype datetime64"),
        (np.ma.masked_array(np.eye(4), mask=np.eye(4)), "masked array that hides cells"),
        (torch.eye(4, requires_grad=True), "cannot be read as a NumPy array"),
        (torch.eye(4, dtype=torch.bfloat16), "cannot be read as a NumPy array"),
        (None, "dtype object"),
        (1, "0 dimension"),
        (np.full((4, 4), "1"), "dtype"),
        (np.full((4, 4), 1j), "dtype"),
        (np.zeros((0, 4)), "empty"),
        (np.zeros(16), "1 dimension"),
        (np.zeros((4, 4, 4)), "3 dimension"),
        ([[0, 1], [1]], "ragged"),
        ([], "empty"),
        ([[], []], "empty"),
        ([np.eye(4), [[0, 1], [1]]], "matrix 1 is ragged"),
        ([[[0, 1], [1]]], "matrix 0 is ragged"),
        ([np.eye(4), np.zeros(4)], "matrix 1 has 1 dimension"),
        (np.zeros((3, 9)), "use boundary='periodic'"),
        ([np.zeros((4, 4)), np.full((4, 4), 3)], "matrix 1"),
    ],
)
@pytest.mark.parametrize("function", [bdm, information_loss, removal_order])
def test_bad_matrices(function, matrix, message):
    with pytest.raises(InputError, match=message):
        function(matrix)


def test_numbers_of_any_type_and_order_are_read():
    expected = bdm(np.eye(8, dtype=np.uint8))
    whole = np.ma.masked_array(np.eye(8), mask=np.zeros((8, 8)))  # hides nothing
    for matrix in (np.eye(8, dtype=np.float16), np.eye(8, order="F") == 1, torch.eye(8), whole):
        assert bdm(matrix) == expected
    assert bdm(np.eye(8).tolist(), block=np.int8(4)) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block": 5}, "2, 3 or 4"),
        ({"block": True}, "block is True; it must be an integer"),
        ({"block": "4"}, "block is '4'; it must be an integer"),
        ({"boundary": None}, "boundary is None; it must be a text"),
        ({"boundary": "perodic"}, "did you mean 'periodic'"),
        ({"pooled": [0, 1]}, "1 integer label"),
        ({"pooled": "yes"}, "True or False or a list of integers"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        block_entropy(np.zeros((8, 8)), **options)


def test_bad_weights():
    with pytest.raises(InputError, match="something else than"):
        encode([[0.5]])
    with pytest.raises(InputError, match="unknown encoding"):
        encode([[1]], "plane")
    with pytest.raises(InputError, match="2-D matrix"):
        encode([1, -1])
    with pytest.raises(InputError, match="something else than"):
        encode([[np.nan, 1]])
    with pytest.raises(InputError, match="masked array"):
        encode(np.ma.masked_array([[1, -1]], mask=[[0, 1]]))
    with pytest.raises(InputError, match="dtype object"):
        encode(np.full((2, 2), 1, object))
