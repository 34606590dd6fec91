"""Rotation, translation and occlusion, by hand and against SciPy."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from leastloss.data import corrupt
from leastloss.data.corruptions.blurs import along_axes
from leastloss.data.corruptions.geometry import rotated, shift_weights
from leastloss.seeds import torch_stream


def random_images(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch_stream(0, "images"))


def test_no_rotation_and_quarter_turns():
    x = random_images(2, 3, 8, 8)
    assert torch.allclose(rotated(x, 0.0), x, atol=1e-6)
    assert torch.allclose(rotated(x, math.pi / 2), torch.rot90(x, 1, (2, 3)), atol=1e-5)
    assert torch.allclose(rotated(x, math.pi), x.flip((2, 3)), atol=1e-5)


@pytest.mark.parametrize(("severity", "angle"), [(1, 0.2), (3, 0.6), (5, 1.0)])
@pytest.mark.parametrize("shape", [(28, 28), (8, 12)])
def test_rotation_is_scipys_one_way_or_the_other(severity, angle, shape):
    x = random_images(12, 1, *shape)
    found = corrupt(x, "rotation", severity, torch_stream(0, "turns"))
    centre = (np.array(shape) - 1) / 2
    wanted = []
    for signed in (angle, -angle):
        back = np.array(
            [[math.cos(signed), math.sin(signed)], [-math.sin(signed), math.cos(signed)]]
        )
        wanted.append(
            [
                ndimage.affine_transform(
                    image, back, centre - back @ centre, order=1, mode="grid-constant"
                )
                for image in x[:, 0].numpy()
            ]
        )
    fits = np.array(
        [
            [
                np.allclose(image[0], other, atol=1e-5)
                for image, other in zip(found, way, strict=True)
            ]
            for way in wanted
        ]
    )
    assert (fits.sum(axis=0) == 1).all()  # each image one way
    assert fits.any(axis=1).all()  # some images each way


@pytest.mark.parametrize("severity", range(1, 6))
def test_translation_moves_mnist_by_whole_pixels_along_both_axes(severity):
    x = random_images(40, 1, 28, 28)
    found = corrupt(x, "translation", severity, torch_stream(0, "moves"))
    seen = set()
    for image, moved in zip(x[:, 0].numpy(), found[:, 0].numpy(), strict=True):
        for dy in (-severity, severity):
            for dx in (-severity, severity):
                wanted = ndimage.shift(image, (dy, dx), order=0)
                if np.array_equal(moved, wanted):
                    seen.add((dy, dx))
                    break
            else:
                continue
            break
        else:
            raise AssertionError("an image moved otherwise")
    assert len(seen) == 4


def test_translation_of_small_images_is_by_parts_of_pixels():
    # 8 of 28 pixels: five become 10/7, so a bright pixel spreads over two in each direction.
    x = torch.zeros(1, 1, 8, 8)
    x[..., 4, 4] = 1.0
    found = corrupt(x, "translation", 5, torch_stream(0, "moves"))[0, 0]
    along = sorted(found.sum(0)[found.sum(0) > 0].tolist())
    assert along == pytest.approx([3 / 7, 4 / 7])
    assert float(found.sum()) == pytest.approx(1.0)


@pytest.mark.parametrize(("severity", "side"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)])
def test_occlusion_hides_a_square_of_its_size(severity, side):
    x = torch.ones(60, 2, 8, 10)
    found = corrupt(x, "occlusion", severity, torch_stream(0, "squares"))
    hidden = found == 0
    assert (hidden.sum(dim=(1, 2, 3)) == 2 * side * side).all()
    assert (hidden[:, 0] == hidden[:, 1]).all()
    assert (hidden[:, 0].any(dim=1).sum(dim=1) == side).all()  # as wide as it is high
    assert ((found == 0) | (found == x)).all()


def test_occlusion_of_mnist_rounds_half_pixels_up_and_reaches_every_place():
    x = torch.ones(3000, 1, 28, 28)
    found = corrupt(x, "occlusion", 1, torch_stream(0, "squares"))
    assert ((found == 0).sum(dim=(1, 2, 3)) == 4 * 4).all()  # 3.5 pixels
    assert (found == 0).any(dim=0).all()


@pytest.mark.parametrize("by", [-5, -1.5, -0.25, 0, 0.5, 1, 2.75, 30])
def test_shift_is_scipys(by):
    image = np.random.default_rng(0).random((28, 21))
    rows, columns = shift_weights(28, by), shift_weights(21, -by)
    found = along_axes(torch.from_numpy(image)[None, None], rows, columns)[0, 0].numpy()
    wanted = ndimage.shift(image, (by, -by), order=1, mode="grid-constant")
    assert np.allclose(found, wanted, atol=1e-12)


def test_one_matrix_for_each_image():
    x = torch.arange(8.0).reshape(2, 1, 2, 2)
    up = torch.stack([shift_weights(2, 0), shift_weights(2, -1)])[:, None]
    moved = along_axes(x, up, torch.eye(2))
    assert moved.tolist() == [[[[0, 1], [2, 3]]], [[[6, 7], [0, 0]]]]
