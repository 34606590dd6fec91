"""Options of the command line: a default, the help text, and which values are allowed."""

import unicodedata
from dataclasses import dataclass, field, fields
from math import inf
from typing import Any, TypeVar

from leastloss.errors import InputError
from leastloss.names import choose

Number = TypeVar("Number", int, float)
_UNPRINTABLE = ("Cc", "Cs")  # control characters, and bytes that are no UTF-8


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Which values an option takes.

    Attributes:
        at_least: Lowest number.
        at_most: Highest number.
        above: What a number must exceed.
        below: What a number must stay under.
        choices: The only texts; empty: any.
        each: The option is a comma list of such numbers, or of names; the limits hold for each.
        once: Whether the parts of that list must differ.
    """

    at_least: float = -inf
    at_most: float = inf
    above: float = -inf
    below: float = inf
    choices: tuple[str, ...] = ()
    each: type[int] | type[float] | type[str] | None = None
    once: bool = False

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that is not allowed.

        Raises:
            InputError: If so; it says what is.

        Example:
            >>> Allowed(at_least=1, at_most=9).check("steps", 10)
            Traceback (most recent call last):
            leastloss.errors.InputError: steps is 10; it must be an integer in [1, 9]
            >>> Allowed(each=float, above=0, below=1).check("sparsities", "0.5,1")
            Traceback (most recent call last):
            leastloss.errors.InputError: sparsities is '0.5,1'; each must be a number in (0, 1)
        """
        if not isinstance(value, str):
            if not self._holds(value):
                raise InputError(f"{name} is {value!r}; it must be {self._words(type(value))}")
            return
        if any(unicodedata.category(letter) in _UNPRINTABLE for letter in value):
            raise InputError(f"{name} is {value!r}; it must be text without control characters")
        if self.choices:
            choose(name, value, self.choices)
        if self.each is None:
            return
        parts: tuple[object, ...] = names(value)
        if self.each is not str:
            parts = numbers(value, int if self.each is int else float, name)
            if not all(self._holds(part) for part in parts):
                raise InputError(f"{name} is {value!r}; each must be {self._words(self.each)}")
        if self.once and len(set(parts)) < len(parts):
            raise InputError(f"{name} is {value!r}; each may occur once")

    def _holds(self, value: Any) -> bool:
        return bool(self.at_least <= value <= self.at_most and self.above < value < self.below)

    def _words(self, kind: type[Any]) -> str:
        left = f"[{self.at_least:.15g}" if self.at_least > -inf else f"({self.above:.15g}"
        right = f"{self.at_most:.15g}]" if self.at_most < inf else f"{self.below:.15g})"
        return f"{'an integer' if kind is int else 'a number'} in {left}, {right}"


def option(default: Any, text: str, **allowed: Any) -> Any:
    """A field with its default, the help text of its flag, and what :class:`Allowed` takes."""
    return field(default=default, metadata={"help": text, "allowed": Allowed(**allowed)})


class Options:
    """Base of the configurations: one that exists holds allowed values only."""

    def __post_init__(self) -> None:
        for one in fields(self):  # type: ignore[arg-type]  # every configuration is a dataclass
            one.metadata["allowed"].check(one.name, getattr(self, one.name))


def names(text: str) -> tuple[str, ...]:
    """Split a comma list.

    Example:
        >>> names("nc, random,")
        ('nc', 'random')
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())


def numbers(text: str, kind: type[Number], what: str) -> tuple[Number, ...]:
    """Split a comma list of numbers.

    Raises:
        InputError: If a part is not such a number.

    Example:
        >>> numbers("32, 16", int, "hidden")
        (32, 16)
    """
    try:
        found = tuple(kind(part) for part in names(text))
    except ValueError:
        found = ()
    if text.strip() and not found:
        kinds = {"int": "whole numbers"}.get(kind.__name__, "numbers")
        raise InputError(f"{what} is {text!r}; it must be a comma list of {kinds}")
    return found


def number(text: str, kind: type[Number], what: str) -> Number | None:
    """Read an optional number; empty is None.

    Raises:
        InputError: If the text is not one such number.
    """
    values = numbers(text, kind, what)
    if len(values) > 1:
        raise InputError(f"{what} is {text!r}; it must be one number")
    return values[0] if values else None
