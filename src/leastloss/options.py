"""Options: a default, the help text, which values are allowed, and what kind of option it is.

The fields of a configuration are flags, logged parameters and docs at once. Whoever needs to know
what kind of parameter a field is asks :func:`fields_of`. Nothing heavy is imported here, so that
``--help`` answers at once.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from functools import cache
from math import inf
from numbers import Integral, Real
from typing import Any, Literal, TypeAlias, TypeVar

from leastloss.errors import InputError, choose, shown

Number = TypeVar("Number", int, float)
Group: TypeAlias = Literal[
    "data",  # what the network is trained on
    "model",
    "training",
    "seed",
    "criteria",  # whose options are in their names
    "score",  # options that criteria share
    "schedule",  # what goes, and when
    "repair",
    "measure",  # what is measured besides
    "runs",  # which runs are taken, and which go with them
    "keep",  # what runs keep
    "place",  # where files lie on this machine
    "page",  # what a page or a table of noise shows
]
Mark: TypeAlias = Literal["always", "repeats", "tag", "anew"]
"""What else is known of an option: notes and pages say it also where it has its default; it differs
from repetition to repetition; runs have a tag for it; a run that goes on with another one's path
may choose it anew."""
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
        single: Whether that list has one part at most.
    """

    at_least: float = -inf
    at_most: float = inf
    above: float = -inf
    below: float = inf
    choices: tuple[str, ...] = ()
    each: type[int] | type[float] | type[str] | None = None
    once: bool = False
    single: bool = False

    def check(self, name: str, value: Any, kind: type[Any] | None = None) -> None:
        """Refuse a value that is not allowed; one that is neither text, number nor list passes.

        Args:
            name: What the option is called.
            value: Its value; a list may be a comma list.
            kind: Type of its numbers, if not that of the value.

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
        if isinstance(value, Real):
            whole = kind is not int or isinstance(value, Integral)
            if not (whole and self._holds(value)):
                words = self._words(kind or type(value))
                raise InputError(f"{name} is {shown(value)}; it must be {words}")
        elif isinstance(value, str):
            self._check_text(name, value)
        elif self.each and isinstance(value, Collection):
            self._check_parts(name, value, tuple(value))

    def _check_text(self, name: str, text: str) -> None:
        if any(unicodedata.category(letter) in _UNPRINTABLE for letter in text):
            raise InputError(f"{name} is {text!r}; it must be text without control characters")
        if self.choices:
            choose(name, text, self.choices)
        if self.each is str:
            self._check_parts(name, text, names(text))
        elif self.each is not None:
            self._check_parts(name, text, numbers(text, self.each, name))

    def _check_parts(self, name: str, value: object, parts: tuple[Any, ...]) -> None:
        wrong = ""
        if self.each in (int, float) and not all(self._holds(part) for part in parts):
            wrong = f"{'it' if self.single else 'each'} must be {self._words(self.each)}"
        elif self.single and len(parts) > 1:
            wrong = "it must be one number"
        elif self.once and len(set(parts)) < len(parts):
            wrong = "each may occur once"
        if wrong:
            words = repr(value) if isinstance(value, str) else shown(value)
            raise InputError(f"{name} is {words}; {wrong}")

    def _holds(self, value: Any) -> bool:
        return bool(self.at_least <= value <= self.at_most and self.above < value < self.below)

    def _words(self, kind: type[Any]) -> str:
        what = "an integer" if kind is int else "a number"
        left = f"[{_spelled(self.at_least)}" if self.at_least > -inf else f"({self.above:.15g}"
        if self.at_most == self.below == inf:
            return f"{what} in {left}, inf)"
        right = f"{_spelled(self.at_most)}]" if self.at_most < inf else f"{self.below:.15g})"
        return f"{what} in {left}, {right}"


def _spelled(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:.15g}"


def option(
    default: Any,
    text: str,
    group: Group,
    *marks: Mark,
    implied_by: str = "",
    before: str = "",
    **allowed: Any,
) -> Any:
    """A field of a configuration.

    Args:
        default: Its default.
        text: The help text of its flag.
        group: What kind of option it is.
        marks: What else is known of it.
        implied_by: The option from which this one follows, where that one is not empty.
        before: What runs had that are older than the option, if not its default.
        allowed: What :class:`Allowed` takes.
    """
    about = {"help": text, "allowed": Allowed(**allowed), "group": group, "marks": marks}
    return field(default=default, metadata={**about, "implied_by": implied_by, "before": before})


class Options:
    """Base of the configurations: one that exists holds allowed values only."""

    def __post_init__(self) -> None:
        for name, its in fields_of(type(self)).items():
            its.metadata["allowed"].check(name, getattr(self, name), type(its.default))


def fields_of(
    config: type[Any],
    *groups: Group,
    but: Collection[Group] = (),
    mark: Mark | None = None,
    unmarked: Mark | None = None,
) -> dict[str, Field[Any]]:
    """The options of a configuration by name, in the order of its fields.

    Args:
        config: The class.
        groups: Only those of these groups; none: of all.
        but: None of these groups.
        mark: Only those with this mark.
        unmarked: Only those without this mark.
    """
    return {
        option.name: option
        for option in fields(config)
        if (not groups or option.metadata["group"] in groups)
        and option.metadata["group"] not in but
        and (mark is None or mark in option.metadata["marks"])
        and unmarked not in option.metadata["marks"]
    }


def implied(config: Any, params: Mapping[str, str]) -> set[str]:
    """The options that follow from others which these parameters hold."""
    return {name for name, other in _followers(config).items() if params.get(other)}


@cache  # runs by the thousand ask for them
def _followers(config: Any) -> dict[str, str]:
    options = fields_of(config).items()
    return {name: its.metadata["implied_by"] for name, its in options if its.metadata["implied_by"]}


def settings(config: Any, params: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Some parameters of a run; one that is younger than the run has what was usual before.

    What follows from another parameter that is given is empty.
    """
    usual, following = _before(config), implied(config, params)
    return {name: "" if name in following else params.get(name, usual[name]) for name in names}


def parameters(config: object) -> dict[str, str]:
    """The fields of a configuration as MLflow logs them."""
    return {name: str(getattr(config, name)) for name in fields_of(type(config))}


def defaults(config: type[Any], **options: str) -> dict[str, str]:
    """The defaults of a configuration as MLflow logs them.

    Args:
        config: The class.
        options: Options from which the defaults of others follow.
    """
    of: Any = config  # mypy takes type[Any] for nothing that can be hashed
    return dict(_defaults(of, tuple(options.items())))


@cache
def _defaults(config: Any, options: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return parameters(config(**dict(options)))


def older(config: type[Any]) -> dict[str, str]:
    """What runs had that are older than an option, for those where that is not the default."""
    options = fields_of(config).items()
    return {name: its.metadata["before"] for name, its in options if its.metadata["before"]}


@cache
def _before(config: Any) -> dict[str, str]:
    return defaults(config) | older(config)


def names(text: str | Sequence[str]) -> tuple[str, ...]:
    """Split a comma list; a list stays as it is.

    Example:
        >>> names("nc, random,")
        ('nc', 'random')
    """
    if not isinstance(text, str):
        return tuple(text)
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
        values = tuple(kind(part) for part in names(text))
    except ValueError:
        values = ()
    if text.strip() and not values:
        kinds = {"int": "whole numbers"}.get(kind.__name__, "numbers")
        raise InputError(f"{what} is {text!r}; it must be a comma list of {kinds}")
    return values


def number(text: str, kind: type[Number], what: str) -> Number | None:
    """Read an optional number; empty is None.

    Raises:
        InputError: If the text is not one such number.
    """
    values = numbers(text, kind, what)
    if len(values) > 1:
        raise InputError(f"{what} is {text!r}; it must be one number")
    return values[0] if values else None
