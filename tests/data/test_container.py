import json

import numpy as np
import pytest
import torch
from tests.data.cases import pair

from leastloss.data import Data, Split, load_data
from leastloss.errors import InputError


def test_a_minority_can_be_named():
    assert Data.from_tensors(pair(), minority=[4, 1]).minority == (1, 4)


def test_arrays_and_bytes_are_taken_too():
    x = np.full((20, 1, 2, 2), 255, np.uint8)
    data = Data.from_tensors((x, np.arange(20, dtype=np.int16) % 2))
    assert data.train.x.max() == 1
    assert data.train.y.dtype == torch.int64


def test_a_custom_recipe_does_not_load_something_else():
    data = Data.from_tensors(pair(), name="mnist")
    with pytest.raises(InputError, match="unknown data set 'tensors:mnist'"):
        load_data(**data.recipe)


def test_the_summary_is_json():
    summary = Data.from_tensors(pair()).summary()
    assert json.loads(json.dumps(summary)) == summary
    assert summary["train"]["counts"] == [6] * 5
    assert len(summary["test"]["digest"]) == 64


def test_splits_of_different_kind_are_no_data():
    data = Data.from_tensors(pair())
    other = Split(data.test.x, data.test.y, 5, (3,))
    with pytest.raises(InputError, match="same classes and the same minority"):
        Data("x", data.train, data.val, other, {})
