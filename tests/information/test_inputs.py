"""Matrices that users hand over."""

import numpy as np
import pytest
import torch

from leastloss.errors import InputError
from leastloss.information import (
    bdm,
    encode,
    information_loss,
    removal_order,
)


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


def test_encode():
    ternary = np.array([[1, -1], [0, 1]], dtype=np.int8)
    plus, minus = encode(ternary)
    assert plus.tolist() == [[1, 0], [0, 1]]
    assert minus.tolist() == [[0, 1], [0, 0]]
    (sign,) = encode(ternary.astype(np.float32), "sign")
    assert np.array_equal(sign, plus)
    assert sign.dtype == np.uint8


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


def test_sign_encoding_is_blind_to_removing_a_minus():
    layer = np.random.default_rng(0).choice([-1, 1], (8, 8))
    (sign,) = encode(layer, "sign")
    without = layer.copy()
    without[layer == -1] = 0
    assert np.array_equal(encode(without, "sign")[0], sign)
