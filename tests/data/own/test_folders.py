import numpy as np
import pytest
import torch
from PIL import Image
from tests.data.own.cases import write_folder

from leastloss.data import load_data
from leastloss.data.own.folders import read_folder
from leastloss.errors import InputError, ResourceError

COUNTS = {"bird": 12, "cat <b>": 6}


def test_a_folder_of_images(tmp_path):
    data = load_data(str(write_folder(tmp_path / "pets", COUNTS)))
    assert (data.name, data.shape, data.class_names) == ("pets", (3, 8, 8), ("bird", "cat <b>"))
    assert data.train.counts().tolist() == [6, 4]
    assert (data.minority, data.source) == ((1,), "18 images, RGB, 8x8")
    assert data.train.x.max() < 0.5
    assert load_data(**data.recipe).summary() == data.summary()


def test_splits_of_the_folder_stay(tmp_path):
    for part, counts in (("train", COUNTS), ("valid", {"cat <b>": 2}), ("test", COUNTS)):
        write_folder(tmp_path / part, counts)
    with pytest.warns(UserWarning, match="identical inputs"):
        data = load_data(str(tmp_path))
    counts = [part.counts().tolist() for part in (data.train, data.val, data.test)]
    assert counts == [[12, 6], [0, 2], [12, 6]]


def test_grey_images_stay_grey_and_sizes_are_made_one(tmp_path):
    write_folder(tmp_path, COUNTS, mode="L", size=(8, 6))
    assert load_data(str(tmp_path)).shape == (1, 8, 6)
    assert load_data(str(tmp_path), size=4).shape == (1, 4, 4)
    assert load_data(f"{tmp_path}:colours=rgb").shape == (3, 8, 6)
    Image.new("L", (9, 9)).save(tmp_path / "bird" / "large.png")
    with pytest.raises(InputError, match="of several sizes, 8x6 to 9x9; give a size, like size=32"):
        load_data(str(tmp_path))
    assert load_data(str(tmp_path), size=4).shape == (1, 4, 4)


def test_no_classes_and_a_class_without_training_images(tmp_path):
    with pytest.raises(InputError, match="is no folder of images by class"):
        read_folder(tmp_path, {}, None)
    for part, counts in (("train", {"a": 2, "b": 2}), ("test", {"c": 2})):
        write_folder(tmp_path / part, counts)
    with pytest.raises(InputError, match="class 'c' has no training sample"):
        read_folder(tmp_path, {}, None)


def test_damaged_images_are_one_line(tmp_path):
    write_folder(tmp_path, COUNTS)
    path = tmp_path / "bird" / "0.png"
    whole = path.read_bytes()
    for content in (b"", b"no image", whole[:60]):
        path.write_bytes(content)
        with pytest.raises(ResourceError, match=r"the image bird/0\.png cannot be read") as error:
            read_folder(tmp_path, {}, None)
        assert "\n" not in str(error.value)


def test_an_image_that_unpacks_to_too_much_is_not_opened(tmp_path, monkeypatch):
    write_folder(tmp_path, COUNTS)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    with pytest.raises(ResourceError, match="cannot be read"):
        read_folder(tmp_path, {}, None)
    monkeypatch.undo()
    monkeypatch.setattr("leastloss.data.own.arrays.machine_memory", lambda: 10**4)
    with pytest.raises(ResourceError, match="it was not opened"):
        read_folder(tmp_path, {}, None)


def test_images_of_sixteen_bits_are_scaled(tmp_path):
    shades = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    for name in ("low", "high"):
        (tmp_path / name).mkdir()
        for number in range(10):
            pixels = shades if name == "high" else shades // 2
            Image.fromarray(np.roll(pixels, number)).save(tmp_path / name / f"{number}.png")
    data = load_data(str(tmp_path))
    assert data.shape == (1, 8, 8)
    high = data.train.x[data.train.y == data.class_names.index("high")]
    assert torch.allclose(high[0].sort().values.mean(), torch.tensor(0.5), atol=0.01)
    assert high.unique().numel() == 64


def test_numbers_without_a_white_are_refused(tmp_path):
    write_folder(tmp_path, COUNTS)
    Image.fromarray(np.zeros((8, 8), np.float32)).save(tmp_path / "bird" / "deep.tiff")
    with pytest.raises(InputError, match="holds numbers of 32 bits"):
        load_data(str(tmp_path))
