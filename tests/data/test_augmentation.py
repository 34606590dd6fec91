import pytest
import torch

from leastloss.data import Data
from leastloss.data.augmentation import AUGMENTATIONS, augmentation_for, augmented
from leastloss.errors import InputError


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(name: str, shape: tuple[int, ...] = (3, 8, 8)) -> Data:
    own = Data.from_tensors((torch.rand(20, *shape), torch.arange(20) % 2))
    return Data(name, own.train, own.val, own.test, {"name": name})


def test_a_flip_mirrors_half_of_the_images():
    x = torch.rand(2000, 1, 4, 4)
    out = augmented(x, "flip", generator())
    mirrored = (out == x.flip(3)).flatten(1).all(1)
    assert (mirrored | (out == x).flatten(1).all(1)).all()
    assert 0.45 < mirrored.float().mean() < 0.55


def test_a_crop_is_a_window_of_the_image_in_a_black_margin():
    x = torch.rand(400, 3, 32, 24) + 1
    out = augmented(x, "crop", generator())
    assert out.shape == x.shape
    seen = set()
    for before, after in zip(x, out, strict=True):
        inside = after.sum(0) > 0
        rows, columns = inside.any(1), inside.any(0)
        # What is black says where the window lay: at most an eighth of the shorter side.
        down = 3 - int(rows.float().argmax()) if not rows[0] else 3 + int((~rows).sum())
        right = 3 - int(columns.float().argmax()) if not columns[0] else 3 + int((~columns).sum())
        wide = torch.nn.functional.pad(before, (3, 3, 3, 3))
        assert torch.equal(after, wide[:, down : down + 32, right : right + 24])
        seen.add((down, right))
    assert len(seen) == 49


@pytest.mark.parametrize("spec", ["none", "flip", "crop", "flip+crop"])
def test_same_seed_same_bits_and_the_batch_stays(spec):
    x = torch.rand(16, 3, 8, 8)
    before = x.clone()
    one, two = (augmented(x, spec, generator(3)) for _ in range(2))
    assert torch.equal(one, two)
    assert torch.equal(x, before)
    assert torch.equal(one, x) == (spec == "none")


def test_the_usual_one_is_that_of_the_data_set():
    usual = {name: augmentation_for("auto", data(name)) for name in ("cifar10", "gtsrb", "mnist")}
    assert usual == {"cifar10": "flip+crop", "gtsrb": "crop", "mnist": "none"}
    # A name that a caller gives his own tensors says nothing.
    own = Data.from_tensors((torch.rand(20, 4), torch.arange(20) % 2), name="cifar10")
    assert augmentation_for("auto", own) == "none"
    assert set(AUGMENTATIONS) == {"auto", "none", "flip", "crop", "flip+crop"}


def test_what_cannot_be():
    with pytest.raises(InputError, match="unknown augment 'flop'; did you mean 'flip'"):
        augmentation_for("flop", data("cifar10"))
    with pytest.raises(InputError, match=r"the samples have shape \(4,\); it needs images"):
        augmentation_for("crop", data("table", (4,)))
