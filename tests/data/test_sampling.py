"""A part of a split that is large enough to measure on."""

import pytest
import torch

from leastloss.data import Split
from leastloss.data.split import at_most
from leastloss.errors import InputError


def test_large_classes_are_drawn_from_and_small_ones_stay_whole() -> None:
    y = torch.tensor([0] * 50 + [1] * 3 + [3] * 20)
    y = y[torch.randperm(73, generator=torch.Generator().manual_seed(0))]
    split = Split(torch.arange(73.0)[:, None], y, 4, (1,))
    some = at_most(split, 10)
    assert some.counts().tolist() == [10, 3, 0, 10]
    assert some.x.flatten().tolist() == sorted(set(some.x.flatten().tolist()))
    assert torch.equal(some.y, y[some.x.flatten().long()])
    drawn = some.x[some.y == 0].flatten()
    assert not torch.equal(drawn, split.x[y == 0].flatten()[:10])  # not the first of a class
    assert torch.equal(at_most(split, 10).x, some.x)
    assert at_most(split, 50) is split
    with pytest.raises(InputError, match="most is 0"):
        at_most(split, 0)
