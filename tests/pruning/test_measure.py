"""What a step reports."""

import torch

from leastloss.data import Split
from leastloss.pruning.measure import at_most


def test_large_classes_are_drawn_from_and_small_ones_stay_whole() -> None:
    y = torch.tensor([0] * 50 + [1] * 3 + [2] * 20)
    split = Split(torch.arange(73.0)[:, None], y, 3, (1,))
    some = at_most(split, 10)
    assert some.counts().tolist() == [10, 3, 10]
    assert some.x.flatten().tolist() == sorted(set(some.x.flatten().tolist()))
    assert torch.equal(some.y, y[some.x.flatten().long()])
    assert some.x[:10].flatten().tolist() != list(range(10))  # drawn, not the first of a class
    assert torch.equal(at_most(split, 10).x, some.x)
    assert at_most(split, 50) is split
