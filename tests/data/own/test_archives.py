import pickle
import zipfile

import numpy as np
import pytest
from tests.data.own.cases import write_archive, write_npy_entry

from leastloss.data import load_data
from leastloss.data.own.archives import read_archive_of_arrays
from leastloss.errors import InputError, ResourceError


def test_x_and_y_are_split_as_digits_are(tmp_path):
    path = write_archive(tmp_path / "mine.npz")
    data = load_data(str(path))
    assert [len(part) for part in (data.train, data.val, data.test)] == [36, 12, 12]
    assert data.train.counts().tolist() == [12, 12, 12]
    assert (data.name, data.title, data.shape, data.class_names) == ("mine", "mine", (6,), ())
    assert load_data(**data.recipe).summary() == data.summary()


def test_splits_of_the_file_stay(tmp_path):
    x, y = np.eye(9, 4), np.arange(9) % 3
    splits = {"x_train": x, "y_train": y, "x_val": x[:3], "y_val": y[:3], "x_test": x, "y_test": y}
    np.savez(path := tmp_path / "a.npz", **splits)
    with pytest.warns(UserWarning, match="identical inputs in two splits"):
        data = load_data(str(path))
    assert [len(part) for part in (data.train, data.val, data.test)] == [9, 3, 9]
    assert data.train.x.tolist() == x.tolist()


def test_names_of_classes(tmp_path):
    path = write_archive(tmp_path / "a.npz", class_names=np.array(["x", "y", "<b>z</b>"]))
    assert load_data(str(path)).class_names == ("x", "y", "<b>z</b>")


def test_bytes_are_utf_8(tmp_path):
    path, y = tmp_path / "a.npz", np.arange(60) % 3
    words = np.char.encode(["né", "c", "b"], "utf-8")
    write_archive(path, class_names=words)
    assert load_data(str(path)).class_names == ("né", "c", "b")
    np.savez(path, x=np.eye(60, 6), y=words[y])
    assert read_archive_of_arrays(path, None).class_names == ("b", "c", "né")
    np.savez(path, x=np.eye(60, 6), y=np.array([b"\xff", b"a"])[y % 2])
    with pytest.raises(InputError, match="labels are bytes and not UTF-8"):
        read_archive_of_arrays(path, None)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "holds nothing"),
        ({"x": np.eye(4)}, "a.npz holds x; it must hold x and y"),
        ({"x": np.eye(4), "y": np.arange(3)}, "and 3 labels"),
        ({"x": np.eye(4), "y": np.eye(4)}, "the shape (4, 4)"),
        ({"x": np.full((4, 2), np.nan), "y": np.arange(4) % 2}, "NaN or infinite"),
        ({"x": np.full((4, 2), "a"), "y": np.arange(4) % 2}, "they must be real numbers"),
        (
            {"x": np.eye(4), "y": np.arange(4) % 2, "x_test": np.eye(3), "y_test": np.arange(3)},
            "inputs of the splits differ in shape",
        ),
        ({"x": np.eye(4), "y": np.arange(4) % 2, "x_val": np.eye(4)}, "holds x, x_val, y"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, arrays, words):
    np.savez(path := tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError) as error:
        read_archive_of_arrays(path, None)
    assert words in str(error.value)


class Hostile:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return type(self.trace).touch, (self.trace,)


def test_nothing_is_unpickled(tmp_path):
    trace = tmp_path / "executed"
    hostile = np.array([Hostile(trace), None])
    np.savez(path := tmp_path / "a.npz", x=hostile, y=np.arange(2))
    with pytest.raises(ResourceError, match="a pickle that could run code when it is opened"):
        read_archive_of_arrays(path, None)
    (plain := tmp_path / "b.npz").write_bytes(pickle.dumps(Hostile(trace)))
    with pytest.raises(ResourceError, match="damaged, or no npz file"):
        read_archive_of_arrays(plain, None)
    assert not trace.exists()


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, x=np.zeros((1000, 1000)), y=np.arange(1000) % 2)
    assert path.stat().st_size < 20_000
    monkeypatch.setattr("leastloss.data.own.arrays.machine_memory", lambda: 10**6)
    with pytest.raises(ResourceError, match="it was not opened"):
        read_archive_of_arrays(path, None)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 9), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 9), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }",
        "__import__('os').abort()",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (4,), }",
    ],
)
def test_headers_that_lie(tmp_path, header):
    path = write_npy_entry(tmp_path / "lie.npz", header, b"\0" * 32)
    with pytest.raises(ResourceError) as error:
        read_archive_of_arrays(path, None)
    assert "\n" not in str(error.value)


def test_a_truncated_file_and_names_that_climb_out(tmp_path):
    path = write_archive(tmp_path / "a.npz")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ResourceError, match="damaged, or no npz file"):
        read_archive_of_arrays(path, None)
    with zipfile.ZipFile(climbing := tmp_path / "b.npz", "w") as archive:
        archive.writestr("../../x.npy", b"climbed")
    with pytest.raises(ResourceError, match="damaged, or no npz file"):
        read_archive_of_arrays(climbing, None)
    assert sorted(tmp_path.parent.rglob("x.npy")) == []
