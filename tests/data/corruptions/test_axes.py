"""Matrices that act along the axes of images, against SciPy and Pillow."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from leastloss.data.corruptions.axes import along_axes, box_weights, gaussian_weights, shift_weights

IMAGE = np.random.default_rng(0).random((28, 21))


def apply(rows: torch.Tensor, columns: torch.Tensor) -> np.ndarray:
    return along_axes(torch.from_numpy(IMAGE)[None, None], rows, columns)[0, 0].numpy()


@pytest.mark.parametrize("sigma", [0.3, 1, 2, 6, 20])
def test_gaussian_is_scipys(sigma):
    found = apply(gaussian_weights(28, sigma), gaussian_weights(21, sigma))
    assert np.allclose(found, ndimage.gaussian_filter(IMAGE, sigma, mode="nearest"), atol=1e-12)


@pytest.mark.parametrize("small", [1, 5, 7, 11, 14, 16])
def test_boxes_are_pillows(small):
    image = Image.fromarray(IMAGE.astype(np.float32))
    wanted = image.resize((small, small), Image.Resampling.BOX).resize(
        (21, 28), Image.Resampling.BOX
    )
    found = apply(box_weights(28, small), box_weights(21, small))
    assert np.allclose(found, np.asarray(wanted), atol=1e-6)


@pytest.mark.parametrize("by", [-5, -1.5, -0.25, 0, 0.5, 1, 2.75, 30])
def test_shift_is_scipys(by):
    found = apply(shift_weights(28, by), shift_weights(21, -by))
    wanted = ndimage.shift(IMAGE, (by, -by), order=1, mode="grid-constant")
    assert np.allclose(found, wanted, atol=1e-12)


def test_one_matrix_for_each_image():
    x = torch.arange(8.0).reshape(2, 1, 2, 2)
    up = torch.stack([shift_weights(2, 0), shift_weights(2, -1)])[:, None]
    moved = along_axes(x, up, torch.eye(2))
    assert moved.tolist() == [[[[0, 1], [2, 3]]], [[[6, 7], [0, 0]]]]
