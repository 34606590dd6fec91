"""Values of a parsed TOML table, each checked for its type."""

from collections.abc import Mapping
from dataclasses import Field
from typing import Any

from leastloss.errors import InputError
from leastloss.names import choose


def is_list(option: Field[Any] | None) -> bool:
    """Whether a TOML list is one value of an option, a comma list, and not several arms."""
    allowed = option and option.metadata["allowed"]
    return bool(allowed and allowed.each and not allowed.single)


def values_of(where: str, entries: Mapping[str, Any], options: Mapping[str, Field[Any]]) -> Any:
    """Read fields of a configuration, each by the type of its default and its allowed values."""
    values = {}
    for key, value in entries.items():
        option = options[choose(f"key of {where}", key, options)]
        kind = type(option.default)
        if is_list(option) and isinstance(value, list):
            value = ",".join(str(part) for part in value)
        elif kind is float and type(value) is int:
            value = float(value)
        elif kind is str and type(value) in (int, float):
            value = str(value)
        values[key] = typed(kind, f"{key} of {where}", value)
        option.metadata["allowed"].check(f"{key} of {where}", values[key])
    return values


def share(key: str, value: object) -> float:
    """A number in [0, 1]."""
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]  # a number
        raise InputError(f"{key} of report has {value!r}; it must lie in [0, 1]")
    return float(value)  # type: ignore[arg-type]  # a number


def table(entries: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A table, empty where there is none."""
    table: Mapping[str, Any] = typed(dict, key, entries.get(key, {}))
    return table


def text_of(entries: Mapping[str, Any], key: str) -> str:
    """A required text, in one line."""
    text = " ".join(str(typed(str, key, entries.get(key, ""))).split())
    if not text:
        raise InputError(f"{key} is missing")
    return text


def typed(kind: type[Any], what: str, value: Any) -> Any:
    """The value, which must have exactly this type."""
    words: dict[type[Any], str] = {str: "a text", int: "an integer", float: "a number"}
    words |= {bool: "true or false", list: "a list", dict: "a table"}
    if type(value) is not kind:
        raise InputError(f"{what} is {value!r}; it must be {words[kind]}")
    return value
