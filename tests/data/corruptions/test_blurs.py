"""Blurs: against SciPy, Pillow and ImageMagick's motion blur, written down pixel by pixel."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from leastloss.data import CORRUPTIONS, corrupt
from leastloss.data.corruptions.blurs import (
    along_axes,
    box_weights,
    gaussian_weights,
    motion_blur,
    pixelate,
)
from leastloss.seeds import torch_stream

IMAGE = np.random.default_rng(0).random((28, 21))
BLURS = ("gaussian-blur", "motion-blur", "pixelate")


def random_images(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch_stream(0, "images"))


@pytest.mark.parametrize("name", BLURS)
@pytest.mark.parametrize("severity", range(1, 6))
def test_images_of_one_colour_stay(name, severity):
    x = torch.full((3, 2, 8, 11), 0.3)
    assert torch.allclose(corrupt(x, name, severity, torch_stream(0, name)), x, atol=1e-6)


@pytest.mark.parametrize(("severity", "sigma"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 6)])
def test_gaussian_blur_of_mnist_is_scipys(severity, sigma):
    x = random_images(2, 1, 28, 28)
    found = corrupt(x, "gaussian-blur", severity, torch_stream(0, "unused"))
    wanted = ndimage.gaussian_filter(x.numpy(), (0, 0, sigma, sigma), mode="nearest")
    assert np.allclose(found, wanted, atol=1e-6)


def test_lengths_shrink_with_the_image():
    # 8 of 28 pixels: sigma 3 becomes 6/7. On a rectangle the shorter side counts.
    x = random_images(1, 1, 8, 12)
    found = corrupt(x, "gaussian-blur", 3, torch_stream(0, "unused"))
    wanted = ndimage.gaussian_filter(x.numpy(), (0, 0, 6 / 7, 6 / 7), mode="nearest")
    assert np.allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize(("severity", "small"), [(1, 16), (2, 14), (3, 11), (4, 8), (5, 7)])
def test_pixelate_of_mnist_is_pillows(severity, small):
    x = random_images(1, 1, 28, 28)
    box = Image.Resampling.BOX
    image = Image.fromarray(x[0, 0].numpy()).resize((small, small), box).resize((28, 28), box)
    found = corrupt(x, "pixelate", severity, torch_stream(0, "unused"))[0, 0]
    assert np.allclose(found, np.asarray(image), atol=1e-6)


def test_pixelate_by_hand():
    x = torch.tensor([0.0, 1.0, 2.0, 6.0, 1.0, 1.0]).reshape(1, 1, 1, 6)
    found = pixelate(x, 0.5, torch_stream(0, "unused"))
    assert found.flatten().tolist() == [0.5, 0.5, 4.0, 4.0, 1.0, 1.0]


def imagemagick(image: np.ndarray, radius: float, sigma: float, angle: float) -> np.ndarray:
    """MotionBlurImage of ImageMagick, angle in radians, edges as virtual pixels."""
    width = 2 * math.ceil(radius) + 1
    kernel = [math.exp(-(i * i) / (2 * sigma * sigma)) for i in range(width)]
    rows, columns = image.shape
    blurred = np.zeros_like(image)
    for y in range(rows):
        for x in range(columns):
            for i in range(width):
                at_x = min(max(x + math.ceil(i * math.cos(angle) - 0.5), 0), columns - 1)
                at_y = min(max(y + math.ceil(i * math.sin(angle) - 0.5), 0), rows - 1)
                blurred[y, x] += kernel[i] / sum(kernel) * image[at_y, at_x]
    return blurred


@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (9, 14)])
def test_motion_blur_is_imagemagicks(severity, shape):
    x = random_images(5, 1, *shape).double()
    parameter = CORRUPTIONS["motion-blur"].severities[severity - 1]
    found = motion_blur(x, parameter, torch_stream(0, "angles"))
    turns = torch.rand(5, generator=torch_stream(0, "angles"), dtype=torch.float64)
    radius, sigma = (pixels * min(shape) / 28 for pixels in parameter)
    for image, turn, blurred in zip(x, turns.tolist(), found, strict=True):
        angle = math.radians(90 * turn - 45)
        wanted = imagemagick(image[0].numpy(), radius, sigma, angle)
        assert np.allclose(blurred[0], wanted, atol=1e-12)


def test_motion_blur_does_not_depend_on_how_images_are_held(monkeypatch):
    x = random_images(50, 3, 8, 8)
    whole = corrupt(x, "motion-blur", 4, torch_stream(0, "angles"))
    monkeypatch.setattr("leastloss.data.corruptions.blurs._CHUNK", 7)
    assert torch.equal(corrupt(x, "motion-blur", 4, torch_stream(0, "angles")), whole)


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
