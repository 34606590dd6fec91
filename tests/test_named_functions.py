import sys

import pytest

from leastloss.errors import InputError
from leastloss.named_functions import called, is_function_name, named_function


def test_a_module_of_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "brought_in.py").write_text("def two(): return 2\n")
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    assert named_function("model", "brought_in:two")() == 2
    assert sys.path == before


def test_two_files_of_one_name(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.py").write_text(f"def name(): return {folder!r}\n")
    names = [named_function("model", f"{tmp_path}/{f}/net.py:name")() for f in ("a", "b")]
    assert names == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_such_module_here:f", "model 'no_such_module_here:f': cannot import"),
        ("no/such/file.py:f", "there is no file"),
        (f"{300 * 'a'}.py:f", "there is no file"),
        ("math:prd", "unknown function in math 'prd'; did you mean 'prod'?"),
        ("math:pi", "unknown function in math 'pi'"),
    ],
)
def test_what_is_not_there(name, words):
    with pytest.raises(InputError) as error:
        named_function("model", name)
    assert words in str(error.value)


def test_a_module_that_fails(tmp_path):
    (path := tmp_path / "bad.py").write_text("1 / 0\n")
    with pytest.raises(InputError, match="ZeroDivisionError: division by zero"):
        named_function("dataset", f"{path}:f")


def test_functions_get_what_they_take():
    assert called("f", lambda a, *, b=2, **rest: (a, b, rest), a=1, c=3) == (1, 2, {})
    assert called("f", dict, a=1) == {}
    with pytest.raises(InputError, match="f needs z; a function may take a, by name"):
        called("f", lambda z: z, a=1)
    with pytest.raises(InputError, match="f failed"):
        called("f", lambda: [][0])


def test_names_of_functions():
    assert not any(map(is_function_name, ["", "a", ":f", "a:", "a b:f", "C:/x", "a:f=1"]))


def test_what_is_installed_does_not_travel_though_it_lies_in_the_folder(tmp_path, monkeypatch):
    installed = tmp_path / ".venv" / "lib" / "site-packages"
    installed.mkdir(parents=True)
    (installed / "brought_package.py").write_text("def two(): return 2\n")
    (tmp_path / "brought_file.py").write_text("def two(): return 2\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(installed))
    registered = []
    monkeypatch.setattr("cloudpickle.register_pickle_by_value", registered.append)
    for name in ("brought_package", "brought_file"):
        assert named_function("model", f"{name}:two")() == 2
    assert [module.__name__ for module in registered] == ["brought_file"]
