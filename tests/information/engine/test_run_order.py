"""What the rules of an order are refused for."""

import numpy as np
import pytest

from leastloss.errors import InputError
from leastloss.information import (
    TIES,
    removal_order,
    set_removal_order,
)


@pytest.mark.parametrize("ties", list(TIES))
def test_nothing_to_remove(ties):
    assert removal_order(np.zeros((9, 10)), ties=ties).shape == (0,)
    assert set_removal_order(np.ones((8, 8)), [], ties=ties).shape == (0,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ties": "first"}, "unknown treatment of ties 'first'"),
        ({"batch": 0}, "batch is 0; it must be at least 1"),
        ({"batch": 2.0}, "batch is 2.0; it must be an integer"),
        ({"batch": True}, "batch is True; it must be an integer"),
        ({"batch": 2, "ties": "together"}, "ties='together' with batch=2"),
        ({"balance": [0, 1]}, r"balance is \[0, 1\]; it must be None or 1 integer label"),
        ({"balance": 0}, "balance is 0"),
        ({"balance": [0.5]}, r"balance is \[0.5\]"),
        ({"balance": [0], "ties": "together"}, "ties='together' with balance"),
    ],
)
def test_bad_requests(options, message):
    with pytest.raises(InputError, match=message):
        removal_order(np.eye(8), **options)
