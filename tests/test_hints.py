"""What an annotation allows, and the words that say so."""

import numpy as np
import pytest
import torch
from tests.checked_example import example

from leastloss.errors import InputError

ALLOWED = [
    {"whole": np.int8(3)}, {"whole": -(2**63)}, {"real": 3}, {"real": np.float32(2)},
    {"real": np.int64(2)}, {"real": float("nan")}, {"flag": np.bool_(True)}, {"text": np.str_("b")},
    {"wholes": [1, np.int16(2)]}, {"wholes": np.arange(3)}, {"wholes": range(3)},
    {"texts": ("a", "b")}, {"texts": np.array(["a", "b"])}, {"names": {"a": 1}}, {"names": None},
    {"pair": (1, 2)}, {"pair": [1, 2]}, {"seed": 10**40}, {"anything": slice(None)}, {"unsaid": 1j},
]  # fmt: skip


@pytest.mark.parametrize("arguments", ALLOWED, ids=str)
def test_what_is_taken(arguments):
    assert example(**arguments) == "well"


REFUSED = [
    ({"whole": True}, "an integer"), ({"whole": 3.0}, "an integer"),
    ({"whole": None}, "an integer"),
    ({"whole": 2**63}, "an integer below 2\\^63"), ({"real": "1"}, "a number"),
    ({"real": True}, "a number"), ({"real": 2**1024}, "a number below 2\\^63"),
    ({"real": torch.zeros(())}, "a number"), ({"flag": 1}, "True or False"),
    ({"text": b"a"}, "a text"), ({"wholes": 3}, "a list of integers"),
    ({"wholes": (1.5,)}, "a list of integers"), ({"wholes": np.ones(2)}, "a list of integers"),
    ({"wholes": [True]}, "a list of integers"), ({"wholes": "12"}, "a list of integers"),
    ({"wholes": {1: 2}}, "a list of integers"),
    ({"texts": "abc"}, r"a list of texts; give a list, as in"),
    ({"texts": [1]}, "a list of texts"), ({"names": {1: 1}}, "a mapping of texts or None"),
    ({"names": [("a", 1)]}, "a mapping of texts or None"), ({"pair": (1,)}, "a tuple of 2"),
    ({"seed": "3"}, "an integer"), ({"seed": True}, "an integer"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "allowed"), REFUSED, ids=str)
def test_what_is_refused(arguments, allowed):
    (name,) = arguments
    with pytest.raises(InputError, match=f"example: {name} is .*; it must be {allowed}"):
        example(**arguments)
