import numpy as np
import pandas as pd
import pytest

from leastloss.data.own.encoding import MOST, fitted_encoder
from leastloss.errors import InputError


def test_missing_and_unknown_values():
    train = pd.DataFrame({"n": [1.0, 2.0, np.nan, 6.0], "t": ["a", "b", None, "a"]})
    encode = fitted_encoder(train)
    assert encode(train).shape == (4, 4)
    assert encode(train)[2, 0] == encode(pd.DataFrame({"n": [2.0], "t": ["a"]}))[0, 0]
    other = encode(pd.DataFrame({"n": [2.0], "t": ["never seen"]}))
    assert other[0, 1:].tolist() == [0, 0, 0]


def test_many_texts_become_few_inputs():
    train = pd.DataFrame({"t": [f"n{i}" for i in range(1000)]})
    assert fitted_encoder(train)(train).shape == (1000, MOST)


@pytest.mark.parametrize("values", [[True, False], [1, 2], pd.array([1, None], dtype="Int64")])
def test_kinds_of_numbers(values):
    train = pd.DataFrame({"n": values})
    encoded = fitted_encoder(train)(train)
    assert (encoded.dtype, encoded.shape) == (np.float32, (2, 1))
    assert np.isfinite(encoded).all()


def test_a_column_without_any_number_is_0():
    train = pd.DataFrame({"n": [np.nan, np.nan], "m": [1.0, 2.0]})
    assert fitted_encoder(train)(train)[:, 0].tolist() == [0, 0]


def test_infinite_numbers_are_refused():
    with pytest.raises(InputError, match="column 'n' holds infinite numbers"):
        fitted_encoder(pd.DataFrame({"n": [1.0, np.inf]}))
