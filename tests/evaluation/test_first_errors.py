"""Which samples break first, by hand."""

import numpy as np
import pytest

from leastloss.errors import InputError
from leastloss.evaluation import breaking_order, first_wrong

Y = np.array([0, 0, 0, 1, 1, 1])
DENSE = np.array([0, 0, 1, 1, 1, 1])
STEPS = np.array(
    [
        # right to the end; wrong from step 2; wrong from the start; back at the end; last; at once
        [0, 0, 1, 1, 1, 0],
        [0, 1, 1, 0, 1, 0],
        [0, 1, 1, 0, 1, 0],
        [0, 2, 0, 1, 0, 0],
    ]
)


def test_by_hand() -> None:
    steps = first_wrong(STEPS, DENSE, Y)
    assert steps.tolist() == [-1, 1, -1, -1, 3, 0]
    assert breaking_order(steps).tolist() == [5, 1, 4]


def test_one_that_was_wrong_before_does_not_break() -> None:
    assert first_wrong(np.array([[1, 1]]), np.array([1, 0]), np.array([0, 0])).tolist() == [-1, 0]


def test_nothing_breaks() -> None:
    steps = first_wrong(np.stack([Y, Y]).astype(np.uint8), Y, Y)
    assert steps.tolist() == [-1] * 6
    assert breaking_order(steps).tolist() == []


@pytest.mark.parametrize(
    ("steps", "message"),
    [(STEPS[0], r"must be \(steps, n\)"), (STEPS[:0], r"\(steps, n\)"), (STEPS[:, :5], "same sam")],
)
def test_bad_shapes(steps: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        first_wrong(steps, DENSE, Y)
