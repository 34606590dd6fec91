"""Small data sets in torchvision's layout, so that the same code runs without the real files."""

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets
from tests.data.layout import KINDS, idx, md5


def images_and_labels(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(n) % 10)
    return generator.integers(0, 256, (n, 28, 28), dtype=np.uint8), labels


@pytest.fixture(params=sorted(KINDS))
def mnist_like(request, tmp_path, monkeypatch) -> tuple[str, Path]:
    """Name of a data set of the MNIST family, and a data folder that holds a small one."""
    name = request.param
    kind = KINDS[name]
    folder = tmp_path / "data" / kind / "raw"
    folder.mkdir(parents=True)
    resources = []
    for part, n, seed in (("train", 400, 1), ("t10k", 100, 2)):
        for suffix, array in zip(
            ("images-idx3", "labels-idx1"), images_and_labels(n, seed), strict=True
        ):
            content = gzip.compress(idx(array), mtime=0)
            file = f"{part}-{suffix}-ubyte.gz"
            (folder / file).write_bytes(content)
            resources.append((file, md5(content)))
    monkeypatch.setattr(getattr(torchvision.datasets, kind), "resources", resources)
    return name, tmp_path / "data"


@pytest.fixture
def cifar_like(tmp_path, monkeypatch) -> Path:
    """A data folder that holds a small CIFAR-10."""
    cifar = torchvision.datasets.CIFAR10
    folder = tmp_path / "data" / cifar.base_folder
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    patched = []
    for file, _ in (*cifar.train_list, *cifar.test_list):
        batch = {
            "data": generator.integers(0, 256, (40, 3072), dtype=np.uint8),
            "labels": (np.arange(40) % 10).tolist(),
        }
        content = pickle.dumps(batch)
        (folder / file).write_bytes(content)
        patched.append([file, md5(content)])
    meta = pickle.dumps({"label_names": [str(label) for label in range(10)]})
    (folder / cifar.meta["filename"]).write_bytes(meta)
    monkeypatch.setattr(cifar, "train_list", patched[:5])
    monkeypatch.setattr(cifar, "test_list", patched[5:])
    monkeypatch.setattr(cifar, "meta", cifar.meta | {"md5": md5(meta)})
    return tmp_path / "data"
