"""Noise of single values against theory; brightness and contrast by hand and against Matplotlib."""

import math

import numpy as np
import pytest
import torch
from matplotlib.colors import hsv_to_rgb, rgb_to_hsv

from leastloss.data import CORRUPTIONS, corrupt
from leastloss.seeds import torch_stream

N = 200_000


LEVELS = (0.1, 0.5, 0.9)


def noise(name: str, severity: int, level: float) -> tuple[float, torch.Tensor]:
    """Parameter, and noise before clipping on ``N`` pixels of one level (float64)."""
    corruption = CORRUPTIONS[name]
    parameter = corruption.severities[severity - 1]
    x = torch.full((N, 1), level, dtype=torch.float64)
    return parameter, corruption.function(x, parameter, torch_stream(severity, name)) - x


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("severity", range(1, 6))
@pytest.mark.parametrize("name", ["gaussian", "shot", "speckle"])
def test_mean_and_variance_are_those_of_theory(name, severity, level):
    parameter, values = noise(name, severity, level)
    variance = {
        "gaussian": parameter**2,
        "shot": level / parameter,
        "speckle": (parameter * level) ** 2,
    }[name]
    excess = 1 / (parameter * level) if name == "shot" else 0.0
    assert abs(values.mean().item()) < 5 * math.sqrt(variance / N)
    spread = variance * math.sqrt((2 + excess) / N)
    assert abs(values.var().item() - variance) < 5 * spread


@pytest.mark.parametrize("severity", range(1, 6))
def test_shot_noise_counts_photons(severity):
    photons, values = noise("shot", severity, 0.5)
    counted = (values + 0.5) * photons
    assert torch.allclose(counted, counted.round(), atol=1e-9)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("severity", range(1, 6))
def test_impulse_turns_equal_shares_black_and_white(severity, level):
    amount, values = noise("impulse", severity, level)
    pixels = values + level
    tolerance = 5 * math.sqrt(amount / 2 / N)
    assert abs((pixels == 0).double().mean().item() - amount / 2) < tolerance
    assert abs((pixels == 1).double().mean().item() - amount / 2) < tolerance
    assert ((pixels == 0) | (pixels == 1) | (values == 0)).all()


def test_speckle_and_shot_leave_black_black():
    black = torch.zeros(10, 1, 4, 4)
    for name in ("speckle", "shot"):
        assert torch.equal(corrupt(black, name, 5, torch_stream(0, name)), black)


def damage(x: torch.Tensor, name: str, severity: int) -> torch.Tensor:
    return corrupt(x, name, severity, torch_stream(0, "unused"))


def test_brightness_of_grey_images_adds():
    x = torch.tensor([0.0, 0.25, 0.5, 0.9]).reshape(1, 1, 2, 2)
    found = damage(x, "brightness", 2).flatten()
    assert found.tolist() == pytest.approx([0.2, 0.45, 0.7, 1.0])


def test_brightness_of_colours_is_in_the_value_of_hsv():
    x = torch.rand(4, 3, 5, 6, generator=torch_stream(0, "colours"))
    x[0, :, 0, 0] = 0.0  # black has no hue
    hsv = rgb_to_hsv(x.permute(0, 2, 3, 1).numpy())
    hsv[..., 2] = np.clip(hsv[..., 2] + 0.3, 0, 1)
    wanted = hsv_to_rgb(hsv)
    found = damage(x, "brightness", 3).permute(0, 2, 3, 1).numpy()
    assert np.allclose(found, wanted, atol=1e-6)
    assert np.allclose(found[0, 0, 0], 0.3)


def test_contrast_by_hand():
    # Mean 0.5: at severity 1 four tenths of the distance stay. The second channel has its own.
    x = torch.tensor([[[[0.0, 1.0]], [[0.2, 0.2]]]])
    assert damage(x, "contrast", 1).flatten().tolist() == pytest.approx([0.3, 0.7, 0.2, 0.2])
    assert damage(x, "contrast", 5).flatten().tolist() == pytest.approx([0.475, 0.525, 0.2, 0.2])


def test_contrast_of_one_image_does_not_depend_on_the_others():
    x = torch.rand(5, 1, 4, 4, generator=torch_stream(0, "images"))
    assert torch.equal(damage(x, "contrast", 3)[2:3], damage(x[2:3], "contrast", 3))


def test_the_darkest_value_there_is_gets_brighter_too():
    x = torch.tensor([[[[0.0]], [[1e-45]]]])
    found = damage(x, "brightness", 1)
    assert found.isfinite().all()
    assert found.max() <= 1
