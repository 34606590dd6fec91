import numpy as np
import pytest
import torch

from leastloss.data import load_data
from leastloss.data.own.arrays import check_memory, from_arrays, machine_memory
from leastloss.errors import InputError, ResourceError

Y = np.arange(20) % 2


def loaded(tmp_path, x, **options):
    np.savez(path := tmp_path / "a.npz", x=x, y=Y)
    return load_data(str(path), **options)


@pytest.mark.parametrize("shape", [(20, 6, 5), (20, 1, 6, 5), (20, 6, 5, 1), (20, 6, 5, 3)])
def test_pixels_come_with_and_without_channels(tmp_path, shape):
    x = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    data = loaded(tmp_path, x)
    channels = 3 if shape[-1] == 3 else 1
    assert data.shape == (channels, 6, 5)
    assert data.train.x.max() <= 1
    every = torch.cat([data.train.x, data.val.x, data.test.x])
    assert np.isclose(float(every.double().sum()) * 255, x.sum())


def test_numbers_stay_as_they_are(tmp_path):
    x = np.random.default_rng(0).normal(size=(20, 3)) * 100
    data = loaded(tmp_path, x)
    rows = {tuple(row) for row in x.astype(np.float32).tolist()}
    assert {tuple(row) for row in data.train.x.tolist()} < rows


def test_one_number_a_sample_is_enough(tmp_path):
    assert loaded(tmp_path, np.arange(20)).shape == (1,)


def test_size_is_for_images(tmp_path):
    images = np.random.default_rng(0).normal(size=(20, 1, 8, 8))
    assert loaded(tmp_path, images, size=4).shape == (1, 4, 4)
    with pytest.raises(InputError, match=r"size resizes images, and samples have the shape \(8,\)"):
        loaded(tmp_path, images[:, 0, 0], size=4)


def test_numbers_that_are_too_large_are_refused():
    with pytest.raises(InputError, match="infinite values"):
        from_arrays({"train": (np.full((20, 2), 1e300), Y)}, size=None)


@pytest.mark.parametrize("kind", [">f8", ">i4", np.longdouble, np.float16])
def test_any_byte_order_and_width(tmp_path, kind):
    x = np.arange(60).reshape(20, 3)
    data = loaded(tmp_path, x.astype(kind))
    every = torch.cat([data.train.x, data.val.x, data.test.x])
    assert sorted(every.flatten().tolist()) == list(range(60))


def test_what_is_larger_than_the_machine_is_refused():
    check_memory("a.npz", machine_memory())
    with pytest.raises(ResourceError, match=r"a\.npz would take 1,048,576 GiB of memory"):
        check_memory("a.npz", 2**50)
