import numpy as np
import pytest

from leastloss.data._checks import at_least_one, integer, share
from leastloss.errors import InputError


def test_numbers_of_numpy_are_numbers():
    assert integer("size", np.int32(4), 2) == 4
    assert share("subset", np.float32(0.5)) == 0.5
    assert at_least_one("ratio", np.int64(3)) == 3.0


@pytest.mark.parametrize("value", [1, 11, True, 2.0, "3", None])
def test_what_is_no_integer_in_the_range(value):
    with pytest.raises(InputError, match=r"size is .*; it must be an integer in 2\.\.10"):
        integer("size", value, 2, 10)


@pytest.mark.parametrize("value", [0, -0.1, 1.1, True, "0.5", float("nan")])
def test_what_is_no_share(value):
    with pytest.raises(InputError, match=r"subset is .*; it must be a number in"):
        share("subset", value)


@pytest.mark.parametrize("value", [0.9, float("inf"), float("nan"), True, "2"])
def test_what_is_no_ratio(value):
    with pytest.raises(InputError, match=r"ratio is .*; it must be a finite number >= 1"):
        at_least_one("ratio", value)
