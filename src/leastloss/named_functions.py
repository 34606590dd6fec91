"""A user's functions by name: ``module:function``, or ``path/to/file.py:function``."""

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from leastloss.errors import InputError, ResourceError, brief, choose

_FILES: set[str] = set()  # modules that were read from a path


def is_function_name(text: str) -> bool:
    """Whether a text names a function.

    Example:
        >>> is_function_name("my_nets:small"), is_function_name("nets/mine.py:small")
        (True, True)
        >>> is_function_name("resnet18"), is_function_name("runs:/0123/model")
        (False, False)
    """
    module, colon, function = text.rpartition(":")
    if not colon or not function.isidentifier():
        return False
    return module.endswith(".py") or all(part.isidentifier() for part in module.split("."))


def named_function(what: str, name: str) -> Callable[..., Any]:
    """Import a function by its name; modules are looked for in the current folder, too.

    Messages say ``what`` it is for.

    Raises:
        InputError: If there is no such module or function, or its module fails.

    Example:
        >>> named_function("model", "math:prod")([2, 3])
        6
    """
    place, _, function = name.rpartition(":")
    try:
        module = _file(Path(place)) if place.endswith(".py") else _module(place)
    except (InputError, ResourceError):
        raise
    except Exception as error:  # whatever a user's module raises
        raise InputError(
            f"{what} {name!r}: cannot import {place} ({type(error).__name__}: {brief(error)})"
        ) from error
    public = [key for key, value in vars(module).items() if callable(value) and key[0] != "_"]
    travels(module)
    value = getattr(module, function, None)
    if not callable(value):
        choose(f"function in {place}", function, public)
        raise InputError(f"{what} {name!r}: {function} is no function")
    return value  # type: ignore[no-any-return]  # a user's function, of any type


def called(name: str, function: Callable[..., Any], **offered: object) -> Any:
    """Call a function with those of the offered arguments that it takes by name.

    Raises:
        InputError: If it needs others, or fails.

    Example:
        >>> called("mine", lambda classes: classes + 1, classes=3, seed=0)
        4
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some built-in functions have no signature
        parameters = {}.values()
    by_name = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    lacking = [p.name for p in by_name if p.default is p.empty and p.name not in offered]
    lacking += [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY and p.default is p.empty]
    if lacking:
        raise InputError(
            f"{name} needs {', '.join(lacking)}; a function may take {', '.join(offered)}, by name"
        )
    taken = {p.name: offered[p.name] for p in by_name if p.name in offered}
    try:
        return function(**taken)
    except (InputError, ResourceError):
        raise
    except Exception as error:  # whatever a user's function raises
        raise InputError(f"{name} failed ({type(error).__name__}: {brief(error)})") from error


def travels(module: ModuleType) -> None:
    """Let networks of a user's own module reach the process that exports them.

    That process would not find the module; so its classes travel with the network.
    """
    import cloudpickle  # loky's pickler

    origin = Path(getattr(module, "__file__", None) or sys.prefix).resolve()
    installed = origin.is_relative_to(Path(sys.prefix).resolve()) or "site-packages" in origin.parts
    here = origin.is_relative_to(Path.cwd()) and not installed
    if module.__name__ in _FILES or here:
        cloudpickle.register_pickle_by_value(module)


def _module(name: str) -> ModuleType:
    with current_folder_on_path():
        return importlib.import_module(name)


@contextmanager
def current_folder_on_path() -> Iterator[None]:
    """Let modules of the current folder be imported; what is installed goes first."""
    here = str(Path.cwd())
    if here in sys.path or "" in sys.path:
        yield
        return
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _file(path: Path) -> ModuleType:
    path = path.expanduser().resolve()
    if not os.path.isfile(path):  # which knows names, too, that no file can have
        raise InputError(f"there is no file {path}")
    name = f"{path.stem}_{sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    _FILES.add(name)
    sys.modules[name] = module  # classes of it can be pickled for workers
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
