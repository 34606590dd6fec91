"""Noise of single values against theory."""

import math

import pytest
import torch

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
