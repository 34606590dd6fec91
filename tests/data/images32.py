"""Small archives in the layouts of the sets of 32x32 pixels."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def pictures(n: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Smooth colours (n, 3, 32, 32) and labels 0, 1, ..., over and over."""
    levels = np.random.default_rng(seed).integers(0, 256, (n, 3, 1, 1))
    ramp = np.arange(32)
    images = (levels + ramp[:, None] + 2 * ramp) % 256
    return images.astype(np.uint8), (np.arange(n) % classes).astype(np.uint8)


def write_lossless(root: Path, train: int = 60, test: int = 20) -> Path:
    (root / "cifar10_lossless").mkdir(parents=True)
    (x, y), (x_test, y_test) = pictures(train, 10), pictures(test, 10, 1)
    path = root / "cifar10_lossless" / "cifar10_lossless.npz"
    np.savez(path, x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    return path


def jpeg(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image.transpose(1, 2, 0)).save(file, "JPEG", quality=95)
    return file.getvalue()


def write_jpeg(root: Path, train: int = 60, test: int = 20) -> Path:
    folder = root / "cifar10_jpeg"
    folder.mkdir(parents=True)
    for part, n in (("train", train), ("test", test)):
        images, labels = pictures(n, 10, n)
        files = [jpeg(image) for image in images]
        offset = np.cumsum([0, *map(len, files)]).astype(np.int64)
        coded = np.frombuffer(b"".join(files), np.uint8)
        np.savez(folder / f"{part}.npz", jpeg=coded, offset=offset, label=labels)
    return folder


def write_gtsrb(root: Path, tracks: int = 3, frames: int = 4) -> Path:
    """Class c has ``tracks`` + c % 3 tracks, numbered anew in each class as in the original."""
    folder = root / "gtsrb32"
    folder.mkdir(parents=True)
    labels = np.concatenate([np.full((tracks + c % 3) * frames, c) for c in range(43)])
    track = np.concatenate([np.repeat(np.arange(tracks + c % 3), frames) for c in range(43)])
    images = pictures(len(labels), 43)[0]
    # Each image tells its class and track.
    images[:, 0, 0, 0], images[:, 0, 0, 1] = labels, track
    np.savez(
        folder / "gtsrb32_train_third.npz",
        x=images,
        y=labels.astype(np.uint8),
        track=track.astype(np.uint16),
    )
    x, y = pictures(43, 43, 2)
    np.savez(folder / "gtsrb32_test_half.npz", x=x, y=y)
    return folder
