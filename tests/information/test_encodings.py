"""Ternary weights as binary planes."""

import numpy as np
import pytest

from leastloss.errors import InputError
from leastloss.information import (
    encode,
)


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
