"""The metadata in the file of a dense network, checked: its data and its training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from leastloss.data import load_data
from leastloss.errors import InputError
from leastloss.experiment.config import TrainConfig
from leastloss.hints import kind_of
from leastloss.options import defaults, fields_of

_FIRST = ("dataset", "model", "hidden", "seed")  # settings that every file has had
_KINDS = {int: "a whole number", float: "a number"}


@dataclass(frozen=True, kw_only=True)
class SavedFacts:
    """The arguments of ``load_data``, the network's name, and the training's parameters."""

    data: dict[str, Any]
    name: str
    settings: dict[str, str]


def saved_facts(facts: Mapping[str, object]) -> SavedFacts:
    """Check the facts that were saved with a dense network.

    A setting that the file does not hold is newer than the file and had its default.

    Raises:
        InputError: If one is missing or has the wrong type.

    Example:
        >>> saved_facts({"data": {"name": "digits", "seed": 0}, "settings": {}, "name": 3})
        Traceback (most recent call last):
        leastloss.errors.InputError: its fact 'name' is 3; it must be a text
    """
    data, settings = _table(facts, "data"), _table(facts, "settings")
    name = facts.get("name")
    if not isinstance(name, str):
        raise InputError(f"its fact 'name' is {_shown(name)}; it must be a text")
    recipe = ("name", *fields_of(TrainConfig, "data", "seed"))
    hints = {key: hint for key, hint in get_type_hints(load_data).items() if key in recipe}
    for key in (*("name", "seed"), *data):
        kind = kind_of(hints[key]) if key in hints else None
        if kind is None or not kind.allows(data.get(key)):
            raise InputError(f"its fact {key!r} of data is {_shown(data.get(key))}")
    usual = {name: field.default for name, field in fields_of(TrainConfig).items()}
    for key in (*_FIRST, *settings):
        value = settings.get(key)
        if not isinstance(value, str):
            raise InputError(f"its setting {key!r} is {_shown(value)}; it must be a text")
        number: Any = type(usual.get(key, ""))
        try:
            number(value)
        except ValueError:
            raise InputError(
                f"its setting {key!r} is {_shown(value)}; it must be {_KINDS[number]}"
            ) from None
    return SavedFacts(data=data, name=name, settings=defaults(TrainConfig) | settings)


def _table(facts: Mapping[str, object], key: str) -> dict[str, Any]:
    value = facts.get(key)
    if not isinstance(value, dict):
        raise InputError(f"its fact {key!r} is {_shown(value)}; it must be a table")
    return value


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]
