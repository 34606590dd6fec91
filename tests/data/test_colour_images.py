import io

import numpy as np
import pytest
from PIL import Image
from tests.data.images32 import jpeg, pictures, write_gtsrb, write_jpeg, write_lossless
from tests.data.layout import message

from leastloss.data import load_data


def test_the_lossless_part_stands_in_for_cifar10(tmp_path):
    write_lossless(tmp_path)
    data = load_data("cifar10", data_dir=tmp_path)  # and nothing is downloaded
    assert [len(split) for split in (data.train, data.val, data.test)] == [54, 6, 20]
    assert data.title == "CIFAR-10"
    assert data.source == "lossless part: 60 training and 20 test images"
    assert data.summary()["source"] == data.source
    images, labels = pictures(20, 10, 1)
    assert (data.test.x * 255).round().byte().numpy().tolist() == images.tolist()
    assert data.test.y.tolist() == labels.tolist()


def test_all_of_cifar10_comes_before_a_part(cifar_like):
    write_lossless(cifar_like)
    data = load_data("cifar10", data_dir=cifar_like, download=False)
    assert data.source == "all: 200 training and 40 test images"
    (cifar_like / "cifar-10-batches-py" / "data_batch_2").unlink()
    assert "data_batch_2 is missing" in message("cifar10", cifar_like)


def test_other_data_sets_have_one_source():
    data = load_data("digits")
    assert (data.title, data.source) == ("digits", "")
    assert "source" not in data.summary()


def test_jpeg_images_are_those_that_pillow_decodes(tmp_path):
    write_jpeg(tmp_path)
    data = load_data("cifar10-jpeg", data_dir=tmp_path, imbalance="exp", ratio=5)
    assert data.title == "CIFAR-10 (JPEG)"
    assert data.train.counts()[[0, 9]].tolist() == [5, 1]
    images, labels = pictures(20, 10, 20)
    decoded = [np.asarray(Image.open(io.BytesIO(jpeg(image)))) for image in images]
    expected = np.stack(decoded).transpose(0, 3, 1, 2)
    assert (data.test.x * 255).round().byte().numpy().tolist() == expected.tolist()
    assert data.test.y.tolist() == labels.tolist()
    assert data.withheld is not None
    assert len(data.withheld.split) == 54 - len(data.train)


def test_traffic_signs_keep_their_counts_and_part_no_track(tmp_path):
    write_gtsrb(tmp_path)
    data = load_data("gtsrb", data_dir=tmp_path)
    assert (data.classes, data.title, data.shape) == (43, "GTSRB", (3, 32, 32))
    assert data.train.counts().tolist() == [4 * (2 + c % 3) for c in range(43)]
    assert data.val.counts().tolist() == [4] * 43
    assert data.minority == tuple(range(0, 40, 3))  # by training count
    films = [
        {tuple(row) for row in (split.x[:, 0, 0, :2] * 255).round().int().tolist()}
        for split in (data.train, data.val)
    ]
    assert not films[0] & films[1]
    assert load_data("gtsrb", data_dir=tmp_path, seed=1).val.digest() != data.val.digest()
    skewed = load_data("gtsrb", data_dir=tmp_path, imbalance="step", ratio=4)
    assert skewed.train.counts().tolist() == [8] * 22 + [2] * 21
    assert skewed.val.counts()[[0, 42]].tolist() == [4, 1]  # training keeps 8 of 8 and 2 of 8


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("cifar10-jpeg", "cifar10_jpeg/train.npz"),
        ("gtsrb", "gtsrb32/gtsrb32_train_third.npz"),
    ],
)
def test_a_missing_or_damaged_archive_is_named(tmp_path, name, file):
    assert f"{tmp_path / file} is missing" in message(name, tmp_path, download=True)
    write_jpeg(tmp_path)
    write_gtsrb(tmp_path)
    path = tmp_path / file
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b""):
        path.write_bytes(damaged)
        assert f"{path} is corrupt or truncated" in message(name, tmp_path)
    flipped = content[:3000] + bytes([content[3000] ^ 255]) + content[3001:]
    path.write_bytes(flipped)
    assert f"{path} is corrupt or truncated" in message(name, tmp_path)


def change(path, **arrays) -> None:
    with np.load(path) as archive:
        every = dict(archive) | arrays
    np.savez(path, **every)


def test_arrays_that_do_not_fit_are_one_line(tmp_path):
    path = write_lossless(tmp_path)
    change(path, y_test=np.zeros(19, np.uint8))
    assert f"{path} holds images of shape (20, 3, 32, 32)" in message("cifar10", tmp_path)
    change(path, y_test=np.full(20, 10))
    assert "has a label outside 0..9" in message("cifar10", tmp_path)
    path = write_gtsrb(tmp_path) / "gtsrb32_train_third.npz"
    change(path, track=np.zeros(3, np.int64))
    assert "does not hold one track for each image" in message("gtsrb", tmp_path)
    path = write_jpeg(tmp_path) / "test.npz"
    with np.load(path) as archive:
        coded, offset = archive["jpeg"].copy(), archive["offset"]
    change(path, offset=offset[:-1])
    assert "its offsets do not divide its bytes" in message("cifar10-jpeg", tmp_path)
    coded[offset[3] : offset[3] + 50] = 0
    change(path, offset=offset, jpeg=coded)
    assert "image 3 is no JPEG of 32x32 pixels" in message("cifar10-jpeg", tmp_path)
