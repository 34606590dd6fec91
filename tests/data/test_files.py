import gzip
import shutil
import socket
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torchvision.datasets
from tests.data.layout import KINDS, idx, message

from leastloss.data import load_data
from leastloss.data._files import data_root, read_idx
from leastloss.errors import ResourceError

TRAIN = "train-images-idx3-ubyte.gz"


def listing(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_the_data_folder_is_the_argument_then_the_variable_then_data(monkeypatch):
    monkeypatch.setenv("LEASTLOSS_DATA", "/from/variable")
    assert data_root("/from/argument") == Path("/from/argument")
    assert data_root(None) == Path("/from/variable")
    monkeypatch.delenv("LEASTLOSS_DATA")
    assert data_root(None) == Path("data")


def test_the_variable_is_used(mnist_like, monkeypatch):
    name, root = mnist_like
    monkeypatch.setenv("LEASTLOSS_DATA", str(root))
    assert len(load_data(name, download=False).test) == 100


def test_nothing_is_written_where_files_are_found(mnist_like):
    name, root = mnist_like
    before = listing(root)
    load_data(name, data_dir=root)
    assert listing(root) == before


def test_nothing_is_written_where_cifar10_is_found(cifar_like):
    before = listing(cifar_like)
    load_data("cifar10", data_dir=cifar_like)
    assert listing(cifar_like) == before


def test_extracted_files_are_read_as_well(mnist_like):
    name, root = mnist_like
    expected = load_data(name, data_dir=root).summary()
    for path in (root / KINDS[name] / "raw").iterdir():
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert load_data(name, data_dir=root, download=False).summary() == expected


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty"])
def test_a_damaged_file_is_named_and_never_used(mnist_like, damage):
    name, root = mnist_like
    path = root / KINDS[name] / "raw" / TRAIN
    content = path.read_bytes()
    changed = content[:1000] + bytes([content[1000] ^ 1]) + content[1001:]
    path.write_bytes({"truncated": content[:-1], "changed": changed, "empty": b""}[damage])
    text = message(name, root, download=True)
    assert text.startswith(f"{name}: {path} is corrupt or truncated")
    assert "delete it and run again" in text


@pytest.mark.parametrize("damage", ["truncated", "longer", "header", "empty"])
def test_a_damaged_extracted_file_is_named(mnist_like, damage):
    name, root = mnist_like
    path = root / KINDS[name] / "raw" / TRAIN
    content = gzip.decompress(path.read_bytes())
    path.unlink()
    damaged = {
        "truncated": content[:-1],
        "longer": content + b"x",
        "header": b"\x00\x00\x0d" + content[3:],
        "empty": b"",
    }[damage]
    path.with_suffix("").write_bytes(damaged)
    assert f"{path.with_suffix('')} is corrupt or truncated" in message(name, root)


def test_sizes_that_multiply_past_64_bits_are_damage_too(tmp_path):
    path = tmp_path / "x-idx3-ubyte"
    sizes = np.array([2**31, 2**31, 2**2], ">u4").tobytes()  # 2^64: 0 in a 64-bit integer
    path.write_bytes(bytes([0, 0, 8, 3]) + sizes)
    with pytest.raises(ResourceError, match="is corrupt or truncated"):
        read_idx(path.with_suffix(".gz"), 3)


def test_labels_that_do_not_fit_their_images(mnist_like):
    name, root = mnist_like
    path = root / KINDS[name] / "raw" / "t10k-labels-idx1-ubyte.gz"
    path.unlink()
    for labels in (np.zeros(99), np.full(100, 10)):
        path.with_suffix("").write_bytes(idx(labels))
        assert "does not hold one label in 0..9 for each image" in message(name, root)


def test_a_file_that_only_looks_compressed(tmp_path):
    path = tmp_path / "x-idx1-ubyte.gz"
    path.write_bytes(b"no gzip at all")
    with pytest.raises(ResourceError, match="cannot be read"):
        read_idx(path, 1)
    path.write_bytes(gzip.compress(idx(np.zeros(100)))[:-9])
    with pytest.raises(ResourceError, match="cannot be read"):
        read_idx(path, 1)


def test_a_damaged_cifar10_is_never_unpickled(cifar_like, monkeypatch):
    path = cifar_like / "cifar-10-batches-py" / "data_batch_3"
    path.write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    monkeypatch.setattr(
        "torchvision.datasets.cifar.pickle.load", lambda *_, **__: pytest.fail("unpickled")
    )
    assert f"{path} is corrupt or truncated" in message("cifar10", cifar_like)


def test_missing_files_without_download(mnist_like):
    name, root = mnist_like
    path = root / KINDS[name] / "raw" / TRAIN
    path.unlink()
    text = message(name, root)
    assert f"{path} is missing and downloading is off" in text
    assert "LEASTLOSS_DATA" in text


def no_network(*_: object, **__: object) -> None:
    raise URLError("Name or service not known")


@pytest.mark.parametrize("name", [*KINDS, "cifar10"])
def test_no_network(name, tmp_path, monkeypatch):
    module = "cifar" if name == "cifar10" else "mnist"
    monkeypatch.setattr(f"torchvision.datasets.{module}.download_and_extract_archive", no_network)
    text = message(name, tmp_path / "data", download=True)
    assert text.startswith(f"could not download {name} (no network?); put the files into")
    assert "set LEASTLOSS_DATA" in text
    assert "Name or service not known" in text
    assert not [path for path in tmp_path.rglob("*") if path.is_file() or "download" in path.name]
    assert socket.getdefaulttimeout() is None


@pytest.fixture
def shelf(mnist_like, tmp_path) -> tuple[str, Path, Path]:
    """Name, an empty data folder, and a folder that plays the server."""
    name, root = mnist_like
    server = tmp_path / "server"
    shutil.move(root / KINDS[name] / "raw", server)
    shutil.rmtree(root)
    return name, root, server


def from_server(server: Path, files: int = 4):
    fetched: list[str] = []

    def fetch(url: str, download_root: str, filename: str, md5: str) -> None:
        fetched.append(filename)
        content = (server / filename).read_bytes()
        if len(fetched) > files:
            (Path(download_root) / filename).write_bytes(content[: len(content) // 2])
            raise KeyboardInterrupt
        (Path(download_root) / filename).write_bytes(content)
        (Path(download_root) / filename[:-3]).write_bytes(gzip.decompress(content))

    return fetch


def test_a_download_is_kept_and_found_again(shelf, monkeypatch):
    name, root, server = shelf
    monkeypatch.setattr(
        "torchvision.datasets.mnist.download_and_extract_archive", from_server(server)
    )
    first = load_data(name, data_dir=root).summary()
    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", no_network)
    assert load_data(name, data_dir=root).summary() == first
    left = sorted(path.name for path in (root / KINDS[name] / "raw").iterdir())
    assert left == sorted(file for file, _ in getattr(torchvision.datasets, KINDS[name]).resources)


@pytest.mark.parametrize("files", [0, 1, 3])
def test_an_interrupted_download_leaves_nothing_that_counts(shelf, monkeypatch, files):
    name, root, server = shelf
    monkeypatch.setattr(
        "torchvision.datasets.mnist.download_and_extract_archive", from_server(server, files)
    )
    with pytest.raises(KeyboardInterrupt):
        load_data(name, data_dir=root)
    assert not [path for path in root.rglob("*") if path.is_file()]
    assert "is missing" in message(name, root)


def test_what_a_killed_download_left_behind_does_not_count(shelf):
    name, root, server = shelf
    leftover = root / KINDS[name] / "raw" / ".download-abc" / KINDS[name] / "raw"
    leftover.mkdir(parents=True)
    for path in server.iterdir():
        shutil.copy(path, leftover)
    assert "is missing" in message(name, root)


def test_a_place_that_cannot_be_written_to(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    text = message("mnist", tmp_path / "data", download=True)
    assert text.startswith("mnist: cannot write to")
