"""What an annotation allows: a test of values, and the words for a message.

Numbers are those of Python and NumPy: an integer will do where a number is wanted, a truth value
will not; a text is no list of texts. Whether a number is in range, or NaN, is not asked here.
"""

import types
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import numpy as np
import torch

_INTEGERS, _NUMBERS = (int, np.integer), (int, float, np.integer, np.floating)
_INT64, _FLOAT64 = 2**63, 2**1024
_NAMES: dict[type[Any], str] = {
    torch.nn.Module: "a torch.nn.Module",
    torch.Tensor: "a torch.Tensor",
    torch.Generator: "a torch.Generator",
    np.random.Generator: "a numpy.random.Generator",
    np.ndarray: "an array",
    str: "a text",
    type(None): "None",
}
_KINDS = {int: "iu", float: "iuf", str: "UT"}  # of arrays whose values need no look


@dataclass(frozen=True)
class Kind:
    """What values an annotation allows, as a test and in words."""

    allows: Callable[[Any], bool]
    words: str


Hint: TypeAlias = Any


def kind_of(hint: Hint) -> Kind | None:
    """Read an annotation; None where it says nothing that can be tested.

    Example:
        >>> kind = kind_of(tuple[int, ...] | None)
        >>> kind.words, kind.allows((1, 2)), kind.allows((1, 2.5))
        ('a list of integers or None', True, False)
    """
    origin: Any = get_origin(hint)
    inner = get_args(hint)
    if origin is Annotated:  # checked elsewhere, with words of its own
        return None
    if origin in (Union, types.UnionType):
        return _any_of([kind_of(part) for part in inner])
    if origin is Literal:
        words = " or ".join(repr(value) for value in inner)
        return Kind(lambda value: any(type(value) is type(v) and value == v for v in inner), words)
    if hint is bool:
        return Kind(lambda value: isinstance(value, bool | np.bool_), "True or False")
    if hint is int:
        return Kind(partial(_is_number, types=_INTEGERS, limit=_INT64), "an integer")
    if hint is float:
        return Kind(partial(_is_number, types=_NUMBERS, limit=_FLOAT64), "a number")
    if origin is Callable:
        return Kind(callable, "a function")
    base = origin or hint
    if base is None:
        base = type(None)
    if not isinstance(base, type) or base in (Any, object) or getattr(base, "_is_protocol", False):
        return None
    return _of_class(base, inner)


def _of_class(base: type[Any], inner: tuple[Hint, ...]) -> Kind:
    if issubclass(base, np.ndarray):
        return Kind(lambda value: isinstance(value, base), _NAMES[np.ndarray])
    if issubclass(base, Mapping):
        key, item = (kind_of(part) for part in inner) if len(inner) == 2 else (None, None)
        return Kind(partial(_is_mapping, key=key, item=item), "a mapping" + _of(key, " of "))
    if issubclass(base, str) or not issubclass(base, Iterable) or not inner:
        name = _NAMES.get(base, f"a {base.__name__}")
        return Kind(lambda value: isinstance(value, base), name)
    if issubclass(base, tuple) and inner[-1:] != (...,):
        parts = [kind_of(part) for part in inner]
        return Kind(partial(_is_record, parts=parts), f"a tuple of {len(parts)}")
    item = kind_of(inner[0])
    array = _KINDS.get(inner[0], "")
    return Kind(partial(_is_list, item=item, array=array), "a list" + _of(item, " of "))


def _any_of(kinds: Collection[Kind | None]) -> Kind | None:
    testable = [kind for kind in kinds if kind is not None]
    if len(testable) < len(kinds):
        return None
    tests = [kind.allows for kind in testable]
    return Kind(
        lambda value: any(test(value) for test in tests),
        " or ".join(kind.words for kind in testable),
    )


def _of(item: Kind | None, before: str) -> str:
    """The plural of an item's words, if it has some."""
    if item is None:
        return ""
    first = item.words.partition(" or ")[0]
    noun = first.removeprefix("a ").removeprefix("an ")
    return before + {"True or False": "truth values"}.get(item.words, f"{noun}s")


def _is_number(value: object, types: tuple[type[Any], ...], limit: int) -> bool:
    if isinstance(value, int):
        return -limit <= value < limit and not isinstance(value, bool)
    return isinstance(value, types)


def _is_list(value: object, item: Kind | None, array: str) -> bool:
    if isinstance(value, str | bytes | bytearray | Mapping | torch.Tensor):
        return False
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and (value.dtype.kind in array or _all(value, item))
    if isinstance(value, range):
        return _all(value[:1], item)
    if isinstance(value, Collection):
        return _all(value, item)
    return isinstance(value, Iterable)  # it can be walked through once, and not by us


def _all(values: Iterable[object], item: Kind | None) -> bool:
    return item is None or all(item.allows(value) for value in values)


def _is_record(value: object, parts: list[Kind | None]) -> bool:
    return (
        isinstance(value, tuple | list)
        and len(value) == len(parts)
        and all(kind is None or kind.allows(item) for item, kind in zip(value, parts, strict=True))
    )


def _is_mapping(value: object, key: Kind | None, item: Kind | None) -> bool:
    return isinstance(value, Mapping) and _all(value, key) and _all(value.values(), item)
