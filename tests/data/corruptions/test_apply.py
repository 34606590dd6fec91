"""Samples in, damaged samples out; and what is refused."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from sklearn.datasets import load_digits

from leastloss.data import CORRUPTIONS, check_corruptions, corrupt
from leastloss.errors import InputError
from leastloss.seeds import torch_stream

images = st.tuples(
    st.integers(1, 4), st.integers(1, 3), st.integers(1, 12), st.integers(1, 12)
).flatmap(lambda shape: arrays(np.float32, shape, elements=st.floats(0, 1, width=32)))
CERTAIN = ("gaussian-blur", "brightness", "contrast", "pixelate")


@pytest.mark.parametrize("name", [n for n in CORRUPTIONS if n not in CERTAIN])
def test_the_generator_decides(name):
    x = torch.rand(20, 1, 8, 8, generator=torch_stream(0, "images"))
    first, other = (corrupt(x, name, 3, torch_stream(s, name)) for s in (1, 2))
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", CERTAIN)
def test_nothing_is_drawn_for_these(name):
    generator = torch_stream(0, "x")
    before = generator.get_state()
    corrupt(torch.rand(2, 1, 4, 4), name, 1, generator)
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("name", [n for n, c in CORRUPTIONS.items() if not c.images])
def test_pixels_and_images_are_damaged_independently(name):
    x = torch.full((2000, 1, 2, 2), 0.5)
    flat = (corrupt(x, name, 3, torch_stream(0, name)) - x).flatten(1)
    correlation = torch.corrcoef(flat.T) - torch.eye(4)
    assert correlation.abs().max() < 5 / math.sqrt(2000)


@pytest.mark.parametrize("name", [n for n, c in CORRUPTIONS.items() if c.images])
def test_what_needs_images_refuses_other_samples(name):
    with pytest.raises(InputError, match=rf"{name} needs images .*\(3, 9\).*: gaussian, shot"):
        corrupt(torch.zeros(3, 9), name, 1, torch_stream(0, name))


def test_corruptions_as_one_text_are_refused():
    with pytest.raises(InputError, match="give a list"):
        check_corruptions("gaussian", torch.zeros(1, 2))


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
        torch.full((1, 2), torch.nan),
        torch.zeros(1, 2, dtype=torch.uint8),
        torch.zeros(0, 2),
    ],
)
def test_samples_that_can_have_no_noise(x):
    with pytest.raises(InputError, match="of a float type, finite and at least one"):
        corrupt(x, "gaussian", 1, torch_stream(0, "x"))


@pytest.mark.parametrize("name", CORRUPTIONS)
class TestEveryCorruption:
    @given(images, st.integers(1, 5))
    @settings(max_examples=15)
    def test_range_shape_determinism_and_the_images_left_alone(self, name, array, severity):
        x = torch.from_numpy(array.copy())
        first, again = (corrupt(x, name, severity, torch_stream(1, name)) for _ in range(2))
        assert torch.equal(first, again)
        assert first.shape == x.shape
        assert first.dtype == x.dtype
        assert first.min() >= 0
        assert first.max() <= 1
        assert np.array_equal(x.numpy(), array)

    def test_damage_grows_with_severity(self, name):
        noise = torch.rand(200, 1, 28, 28, generator=torch_stream(0, "images")).numpy()
        blobs = ndimage.gaussian_filter(noise, (0, 0, 3, 3))  # with a structure, as drawings have
        x = torch.from_numpy(((blobs - 0.45) / 0.1).clip(0, 1))
        damage = [
            (corrupt(x, name, severity, torch_stream(0, name)) - x).square().mean().item()
            for severity in range(1, 6)
        ]
        if name == "pixelate":  # 16, 14, 11, 8 and 7 boxes: only 14 and 7 divide 28 pixels evenly
            damage = [damage[1], damage[4]]
        assert damage == sorted(damage)
        assert damage[0] > 0

    def test_damages_digits_of_eight_pixels(self, name):
        x = load_digits().images[:50, None].astype("float32") / 16
        for severity in range(1, 6):
            damaged = corrupt(torch.from_numpy(x), name, severity, torch_stream(0, name))
            assert (damaged.numpy() != x).any()
