"""Turns between weights of +1 and of -1."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leastloss.criteria.scoring.polarity import turns


@given(st.integers(0, 9), st.integers(0, 9), st.data())
def test_turns_are_even_and_the_sign_with_more_left_begins(
    plus: int, minus: int, draw: st.DataObject
) -> None:
    k = draw.draw(st.integers(0, plus + minus))
    found = turns(np.array([plus, minus]), k)
    counts = np.bincount(found, minlength=2)
    assert len(found) == k
    assert (counts <= [plus, minus]).all()
    if k <= 2 * min(plus, minus):
        assert abs(counts[0] - counts[1]) == k % 2
        if k % 2 and plus != minus:
            assert counts.argmax() == np.argmax([plus, minus])
    else:
        assert counts.min() == min(plus, minus)
    assert np.array_equal(turns(np.array([plus, minus]), k // 2), found[: k // 2])
