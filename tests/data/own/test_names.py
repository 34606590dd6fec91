from pathlib import Path

import pytest

from leastloss.data.own.names import data_name, located, own_name
from leastloss.errors import InputError, ResourceError


@pytest.mark.parametrize(
    ("text", "kind", "short"),
    [
        ("mine.npz", "archive", "mine"),
        ("a/b/Bank.CSV:label=y:header=no", "table", "Bank"),
        ("t.parquet", "table", "t"),
        ("/data/photos", "folder", "photos"),
        ("photos/:colours=grey", "folder", "photos"),
        ("my.module:load", "function", "my.module:load"),
        ("nets/mine.py:load", "function", "mine:load"),
        ("runs:/0123/data/mine.npz", "artifact", "mine"),
        ("bad\nname\x1b.csv", "table", "bad name"),
    ],
)
def test_a_name_tells_its_kind(text, kind, short):
    name = data_name(text)
    assert (name.kind, name.short, name.text) == (kind, short, text)


def test_a_folder_that_is_there_needs_no_slash(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert data_name("photos") is None
    (tmp_path / "photos").mkdir()
    assert data_name("photos").kind == "folder"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mine.csv:lable=y", "unknown option of a table 'lable'; did you mean 'label'?"),
        ("mine.csv:label=y:label=z", "sets 'label' twice"),
        ("mine.npz:label=y", "this kind of data (archive) has no options"),
        ("digit", "unknown data set 'digit'; did you mean 'digits'?"),
        ("d" * 5000, "unknown data set"),
    ],
)
def test_bad_names_are_one_line(text, words):
    with pytest.raises(InputError) as error:
        own_name(text)
    assert words in str(error.value)


def test_files_are_found_from_here_and_from_the_data_folder_on(tmp_path, monkeypatch):
    here, root = tmp_path / "here", tmp_path / "root"
    for folder, name in ((here, "a.csv"), (root, "b.csv")):
        folder.mkdir()
        (folder / name).touch()
    monkeypatch.chdir(here)
    first, second = (located(data_name(f"{name}.csv"), root) for name in "ab")
    assert first.place == str((here / "a.csv").resolve())
    assert (second.place, second.path) == ("b.csv", root / "b.csv")
    with pytest.raises(ResourceError, match=r"there is no file c\.csv, neither from"):
        located(data_name("c.csv"), root)
    with pytest.raises(ResourceError, match="there is no file"):
        located(data_name("c" * 400 + ".csv"), root)


def test_a_file_of_functions_becomes_an_absolute_path():
    assert Path(located(data_name("x/f.py:g"), Path()).place).is_absolute()
    assert located(data_name("m:g"), Path()).place == "m:g"
