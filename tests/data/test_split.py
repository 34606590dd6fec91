import numpy as np
import pytest
import torch

from leastloss.data import Split
from leastloss.data.split import at_most
from leastloss.errors import InputError


def make(n: int = 6, classes: int = 3) -> Split:
    x = torch.arange(n * 4, dtype=torch.float32).reshape(n, 1, 2, 2) / (4 * n)
    return Split(x, torch.arange(n) % classes, classes, (0,))


def test_counts_include_classes_without_samples():
    split = Split(torch.zeros(2, 5), torch.tensor([3, 1]), 5, (0,))
    assert split.counts().tolist() == [0, 1, 0, 1, 0]
    assert split.counts().dtype == np.int64
    assert len(split) == 2


def test_the_digest_depends_on_content_alone():
    assert make().digest() == make().digest()
    strided = torch.stack([make().x, make().x], dim=-1)[..., 0]
    assert not strided.is_contiguous()
    assert Split(strided, make().y, 3, (1,)).digest() == make().digest()


@pytest.mark.parametrize("change", ["x", "y", "order", "shape", "classes"])
def test_the_digest_sees_every_change(change):
    split = make()
    x, y, classes = split.x.clone(), split.y.clone(), 3
    if change == "x":
        x[5, 0, 1, 1] = torch.nextafter(x[5, 0, 1, 1], torch.tensor(2.0))
    elif change == "y":
        y[0] = 1
    elif change == "order":
        x, y = x.flip(0), y.flip(0)
    elif change == "shape":
        x = x.flatten(1)
    else:
        classes = 4
    assert Split(x, y, classes, (0,)).digest() != split.digest()


def test_a_subset_keeps_order_classes_and_minority():
    part = make().subset([4, 0])
    assert part.y.tolist() == [1, 0]
    assert torch.equal(part.x, make().x[[4, 0]])
    assert (part.classes, part.minority) == (3, (0,))
    assert part.digest() != make().digest()


@pytest.mark.parametrize("indices", [[6], [-1], [0, 99]])
def test_a_subset_outside_the_split(indices):
    with pytest.raises(InputError, match=r"indices must lie in 0\.\.5"):
        make().subset(indices)


def test_an_empty_subset():
    with pytest.raises(InputError, match="empty"):
        make().subset([])


@pytest.mark.parametrize(
    ("x", "y", "minority", "words"),
    [
        (torch.zeros(2, 3).double(), torch.zeros(2).long(), (0,), "must be torch.float32"),
        (torch.zeros(2, 3), torch.zeros(2), (0,), "torch.int64"),
        (torch.zeros(2, 3), torch.zeros(3).long(), (0,), "do not fit"),
        (torch.zeros(2), torch.zeros(2).long(), (0,), "do not fit"),
        (torch.zeros(2, 3), torch.zeros(2, 1).long(), (0,), "do not fit"),
        (torch.zeros(0, 3), torch.zeros(0).long(), (0,), "empty"),
        (torch.zeros(2, 3), torch.tensor([0, 2]), (0,), r"label 2 is outside the classes 0\.\.1"),
        (torch.zeros(2, 3), torch.tensor([0, -1]), (0,), "label -1 is outside"),
        (torch.zeros(2, 3), torch.tensor([0, 1]), (2,), "minority .* names a class outside"),
    ],
)
def test_splits_that_cannot_be(x, y, minority, words):
    with pytest.raises(InputError, match=words):
        Split(x, y, 2, minority)


def test_a_split_cannot_be_changed():
    with pytest.raises(AttributeError):
        make().classes = 4


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
    assert at_most(split, 10) is some  # every step of a path asks for the same ones
    assert at_most(split, 50) is split
    with pytest.raises(InputError, match="most is 0"):
        at_most(split, 0)
