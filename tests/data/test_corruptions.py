import math

import pytest
import torch

from leastloss.data import CORRUPTIONS, corrupt
from leastloss.data.corruptions import Corruption
from leastloss.errors import InputError
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


def test_severities_are_those_of_imagenet_c():
    assert {name: corruption.severities for name, corruption in CORRUPTIONS.items()} == {
        "gaussian": (0.08, 0.12, 0.18, 0.26, 0.38),
        "shot": (60, 25, 12, 5, 3),
        "impulse": (0.03, 0.06, 0.09, 0.17, 0.27),
        "speckle": (0.15, 0.2, 0.35, 0.45, 0.6),
    }


@pytest.mark.parametrize("name", CORRUPTIONS)
class TestEveryCorruption:
    def test_stays_in_range_and_leaves_the_images_alone(self, name):
        x = torch.rand(50, 3, 8, 8, generator=torch_stream(0, "images"))
        before = x.clone()
        noisy = corrupt(x, name, 5, torch_stream(0, name))
        assert noisy.shape == x.shape
        assert noisy.dtype == x.dtype
        assert noisy.min() >= 0
        assert noisy.max() <= 1
        assert torch.equal(x, before)

    def test_same_generator_same_bits(self, name):
        x = torch.rand(20, 1, 8, 8, generator=torch_stream(0, "images"))
        first, again, other = (corrupt(x, name, 3, torch_stream(s, name)) for s in (1, 1, 2))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)

    def test_damage_grows_with_severity(self, name):
        x = torch.rand(500, 1, 8, 8, generator=torch_stream(0, "images"))
        damage = [
            (corrupt(x, name, severity, torch_stream(0, name)) - x).square().mean().item()
            for severity in range(1, 6)
        ]
        assert damage == sorted(damage)
        assert damage[0] > 0

    def test_pixels_and_images_are_damaged_independently(self, name):
        x = torch.full((2000, 1, 2, 2), 0.5)
        flat = (corrupt(x, name, 3, torch_stream(0, name)) - x).flatten(1)
        correlation = torch.corrcoef(flat.T) - torch.eye(4)
        assert correlation.abs().max() < 5 / math.sqrt(2000)


def test_speckle_and_shot_leave_black_black():
    black = torch.zeros(10, 1, 4, 4)
    for name in ("speckle", "shot"):
        assert torch.equal(corrupt(black, name, 5, torch_stream(0, name)), black)


def test_a_new_corruption_is_one_function_and_one_line(monkeypatch):
    def darken(x: torch.Tensor, amount: float, generator: torch.Generator) -> torch.Tensor:
        return x - amount

    line = Corruption(
        name="darken", summary="less light", severities=(0.1, 0.2, 0.3, 0.4, 0.5), function=darken
    )
    monkeypatch.setitem(CORRUPTIONS, "darken", line)
    dark = corrupt(torch.full((1, 1, 2, 2), 0.25), "darken", 3, torch_stream(0, "x"))
    assert dark.max() == 0


@pytest.mark.parametrize(
    ("name", "severity", "words"),
    [
        ("gausian", 1, "unknown corruption 'gausian'; did you mean 'gaussian'.*speckle"),
        ("shot", 0, r"severity is 0; it must be an integer in 1\.\.5"),
        ("shot", 6, "severity is 6"),
        ("shot", 1.0, "severity is 1.0"),
        ("shot", True, "severity is True"),
    ],
)
def test_names_and_severities_that_do_not_exist(name, severity, words):
    with pytest.raises(InputError, match=words):
        corrupt(torch.zeros(1, 1, 2, 2), name, severity, torch_stream(0, "x"))


@pytest.mark.parametrize(
    "x",
    [
        torch.full((1, 2), -0.1),
        torch.full((1, 2), 1.1),
        torch.full((1, 2), torch.nan),
        torch.zeros(1, 2, dtype=torch.uint8),
        torch.zeros(0, 2),
    ],
)
def test_images_outside_the_unit_range(x):
    with pytest.raises(InputError, match=r"float values in \[0, 1\]"):
        corrupt(x, "gaussian", 1, torch_stream(0, "x"))
