"""The compiled code on disk must belong to the sources."""

import ast
import re
import shutil
from pathlib import Path

import numba
import pytest

from leastloss import _compile
from leastloss.information import removal_order
from leastloss.information.engine import removal_loop

PACKAGE = Path(_compile.__file__).parent


@pytest.fixture
def copy(tmp_path):
    return Path(
        shutil.copytree(
            PACKAGE, tmp_path / "leastloss", ignore=shutil.ignore_patterns("__pycache__")
        )
    )


@pytest.mark.parametrize("changed", ["_compile.py", "information/ctm.py", "geometry/statistics.py"])
def test_a_change_of_any_kernel_source_changes_the_digest(copy, changed):
    assert _compile.digest(copy) == _compile.digest(PACKAGE)
    source = copy / changed
    source.write_text(source.read_text() + "\n# changed\n")
    assert _compile.digest(copy) != _compile.digest(PACKAGE)


def test_every_file_of_kernels_is_in_a_room_that_is_digested():
    using = [
        path
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^ *@(compiled|inlined)", path.read_text(), re.MULTILINE)
    ]
    assert len(using) > 5
    assert {path.relative_to(PACKAGE).parts[0] for path in using} <= {"information", "geometry"}


def test_kernels_are_kept_in_the_folder_of_the_digest():
    dispatchers = [
        value
        for value in vars(removal_loop).values()
        if isinstance(value, numba.core.registry.CPUDispatcher)
    ]
    paths = {
        Path(each._cache.cache_path).parent for each in dispatchers if hasattr(each._cache, "_impl")
    }
    assert paths == {_compile.cache_folder()}


def test_the_callers_own_cache_folder_is_left_as_it_is():
    before = numba.config.CACHE_DIR
    _compile.compiled(lambda x: x)
    assert before == numba.config.CACHE_DIR


def _decorators(function):
    return {each.id for each in function.decorator_list if isinstance(each, ast.Name)}


def test_parts_are_called_by_compiled_code_alone():
    """Python has no way into them."""
    rooms = [path for room in _compile._ROOMS for path in (PACKAGE / room).rglob("*.py")]
    functions = [
        node
        for path in rooms
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]
    parts = {each.name for each in functions if "compiled_part" in _decorators(each)}
    assert {"take_item", "rank_items", "enter", "clear_all"} <= parts
    calls = {
        (each.name, call.func.id)
        for each in functions
        if not _decorators(each) & {"compiled", "compiled_part", "inlined"}
        for call in ast.walk(each)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in parts
    }
    assert calls == set()


def test_parts_alone_are_compiled_without_a_way_in_from_python():
    assert removal_loop.take_item.targetoptions["no_cpython_wrapper"]
    removal_order([[1, 0], [1, 1]], block=2)
    called = removal_loop.advance_drawn
    assert "no_cpython_wrapper" not in called.targetoptions
    assert called.signatures
