"""Criteria as one line of text: a name, and the options that differ from its defaults.

``mils-bdm:strategy=max_decrease:block=3`` is the criterion ``mils-bdm`` with two options set.
"""

from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any

from leastloss.errors import InputError, choose

_LARGEST = 10**9  # what is larger is a slip, and may not fit where it is going
_SWITCH = {"true": True, "false": False}


def split_spec(spec: str) -> tuple[str, dict[str, str]]:
    """The name and the options of a spec, as they are written.

    Raises:
        InputError: If an option has no value or is given twice.

    Example:
        >>> split_spec("nc:gamma=0.1")
        ('nc', {'gamma': '0.1'})
    """
    name, *parts = (part.strip() for part in spec.split(":"))
    options: dict[str, str] = {}
    for part in parts:
        option, equals, value = (piece.strip() for piece in part.partition("="))
        if not (option and equals and value):
            raise InputError(f"{part!r} in {spec!r} is no option; write {name}:option=value")
        if option in options:
            raise InputError(f"{spec!r} sets {option!r} twice")
        options[option] = value
    return name, options


def options_of(criterion: object) -> dict[str, Field[Any]]:
    """The fields of a criterion by name: its options."""
    return {f.name: f for f in fields(criterion)} if is_dataclass(criterion) else {}


def read_options(criterion: object, texts: Mapping[str, str]) -> dict[str, object]:
    """Values of options, in the types of what the criterion holds now.

    Raises:
        InputError: If there is no such option, or the value is not of its type.
    """
    options = options_of(criterion)
    if texts and not options:
        name = getattr(criterion, "name", type(criterion).__name__)
        raise InputError(f"{name!r} has no options; {', '.join(texts)} given")
    return {
        choose("option", name, options): _read(name, text, getattr(criterion, name, None))
        for name, text in texts.items()
    }


def _read(name: str, text: str, now: object) -> object:
    if isinstance(now, bool):
        if text.lower() not in _SWITCH:
            raise InputError(f"{name} is {text!r}; it must be true or false")
        return _SWITCH[text.lower()]
    if now is None or isinstance(now, int | float):
        kind = float if now is None else type(now)  # None stands for a number that is not set
        what = "an integer" if kind is int else "a number"
        try:
            value = kind(text)
        except ValueError:
            raise InputError(f"{name} is {text!r}; it must be {what}") from None
        if not abs(value) <= _LARGEST:
            raise InputError(f"{name} is {text!r}; it must be {what} of at most {_LARGEST:,}")
        return value
    return text


def write_spec(criterion: object, name: str, implied: tuple[str, ...]) -> str:
    """The shortest spec of a criterion: options at their defaults are left out.

    Args:
        criterion: The criterion.
        name: Its name.
        implied: Options that the name tells already.
    """
    parts = [name]
    for option, field in options_of(criterion).items():
        value = getattr(criterion, option)
        if option not in implied and value != field.default:
            parts.append(f"{option}={str(value).lower() if isinstance(value, bool) else value}")
    return ":".join(parts)
