"""Noise on inputs that are not in [0, 1]: in units of their own range or spread."""

import numpy as np
import pytest
import torch

from leastloss.data import CORRUPTIONS, corrupt, noise_scale
from leastloss.errors import InputError
from leastloss.seeds import torch_stream

MEAN, STD = torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1), torch.tensor([0.2, 0.25, 0.3])
STD = STD.view(1, 3, 1, 1)


def images(n: int = 6) -> torch.Tensor:
    x = torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    x[0, :, 0, 0], x[0, :, 0, 1] = 0.0, 1.0  # each channel reaches both ends
    return x


def table(n: int = 4000) -> torch.Tensor:
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(1))
    return x * torch.tensor([0.1, 1.0, 50.0]) + torch.tensor([0.0, -4.0, 300.0])


def noisy(x: torch.Tensor, name: str, severity: int = 3, **options: object) -> torch.Tensor:
    return corrupt(x, name, severity, torch_stream(0, name), **options)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_values_in_0_to_1_are_damaged_bit_for_bit_as_the_literature_has_it(name):
    x, corruption = images(), CORRUPTIONS[name]
    expected = corruption.function(x, corruption.severities[2], torch_stream(0, name)).clamp(0, 1)
    assert torch.equal(noisy(x, name), expected)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_normalised_images_are_damaged_as_the_images_they_were(name):
    x = images()
    found = noisy((x - MEAN) / STD, name) * STD + MEAN
    assert torch.allclose(found, noisy(x, name), atol=2e-5)


def test_the_range_is_that_of_the_training_samples():
    x = 2 * images() - 1
    train = torch.cat([x, torch.full_like(x[:1], 3.0), torch.full_like(x[:1], -1.0)])
    scale = noise_scale(x, train)
    found = noisy(x, "gaussian", scale=scale)
    plain = noisy((x + 1) / 4, "gaussian") * 4 - 1
    assert torch.allclose(found, plain, atol=1e-5)
    assert found.max() > 1
    assert found.min() >= -1


def test_noise_on_a_table_is_in_units_of_each_standard_deviation():
    x = table()
    change = noisy(x, "gaussian", 4) - x
    sigma = CORRUPTIONS["gaussian"].severities[3]
    assert np.allclose(change.std(0) / x.std(0), sigma, rtol=0.05)
    assert np.allclose(change.mean(0) / x.std(0), 0, atol=0.02)


def test_impulse_on_a_table_sets_values_to_the_ends_of_their_feature():
    x = table()
    found = noisy(x, "impulse", 5)
    low, high = x.amin(0), x.amax(0)
    share = CORRUPTIONS["impulse"].severities[4]
    for end in (low, high):
        assert abs(float((found == end).float().mean()) - share / 2) < 0.02
    assert ((found == x) | (found == low) | (found == high)).all()


def test_a_feature_that_never_changes_gets_no_noise():
    x = table(100)
    x[:, 1] = -7.0
    assert (noisy(x, "gaussian")[:, 1] == -7.0).all()
    flat = 2 * images() - 1
    flat[:, 1] = 5.0
    assert noisy(flat, "contrast").isfinite().all()


@pytest.mark.parametrize("name", ["shot", "speckle", "rotation"])
def test_what_a_table_cannot_have_is_refused_with_what_it_can(name):
    with pytest.raises(InputError, match="they can have: gaussian, impulse") as caught:
        noisy(table(10), name)
    assert "\n" not in str(caught.value)


def test_one_line_says_the_scale():
    assert noise_scale(images()).words() == ""
    said = noise_scale(2 * images() - 1).words()
    assert said == (
        "the inputs are not in [0, 1] (they go from -1 to 1); noise and attacks are in units of "
        "the range of each channel, and clipped to it"
    )
    assert "units of the standard deviation of each feature" in noise_scale(table()).words()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_values_that_are_not_finite_have_no_scale(bad):
    with pytest.raises(InputError, match="finite"):
        noise_scale(torch.full((2, 3), bad))
