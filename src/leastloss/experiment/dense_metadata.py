"""What the file of a dense network says of its data and its training, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from leastloss.errors import InputError
from leastloss.experiment.config import TrainConfig

_RECIPE: dict[str, tuple[type[Any], ...]] = {
    "name": (str,),
    "size": (int, type(None)),
    "imbalance": (str,),
    "ratio": (int, float),
    "rare": (list,),
    "share": (int, float, type(None)),
    "subset": (int, float),
    "replicate": (int,),
    "seed": (int,),
}
_ALWAYS = ("dataset", "model", "hidden", "seed")  # settings that every run has had
_KINDS = {int: "a whole number", float: "a number"}


@dataclass(frozen=True, kw_only=True)
class SavedFacts:
    """The arguments of ``load_data``, the network's name, and the training's parameters."""

    data: dict[str, Any]
    name: str
    settings: dict[str, str]


def saved_facts(facts: Mapping[str, object]) -> SavedFacts:
    """Check the facts that were saved with a dense network.

    A setting that is younger than the file had its default value.

    Raises:
        InputError: If one is missing or of another kind.

    Example:
        >>> saved_facts({"data": {"name": "digits", "seed": 0}, "settings": {}, "name": 3})
        Traceback (most recent call last):
        leastloss.errors.InputError: its fact 'name' is 3; it must be a text
    """
    data, settings = _table(facts, "data"), _table(facts, "settings")
    name = facts.get("name")
    if not isinstance(name, str):
        raise InputError(f"its fact 'name' is {_shown(name)}; it must be a text")
    for key in (*("name", "seed"), *data):
        kinds = _RECIPE.get(key)
        if kinds is None or type(data.get(key)) not in kinds:
            raise InputError(f"its fact {key!r} of data is {_shown(data.get(key))}")
    if not all(type(label) is int for label in data.get("rare", [])):
        raise InputError(f"its fact 'rare' of data is {_shown(data['rare'])}")
    usual = {f.name: f.default for f in fields(TrainConfig)}
    for key in (*_ALWAYS, *settings):
        value = settings.get(key)
        if not isinstance(value, str):
            raise InputError(f"its setting {key!r} is {_shown(value)}; it must be a text")
        kind: Any = type(usual.get(key, ""))
        try:
            kind(value)
        except ValueError:
            raise InputError(
                f"its setting {key!r} is {_shown(value)}; it must be {_KINDS[kind]}"
            ) from None
    defaults = {key: str(value) for key, value in usual.items()}
    return SavedFacts(data=data, name=name, settings=defaults | settings)


def _table(facts: Mapping[str, object], key: str) -> dict[str, Any]:
    found = facts.get(key)
    if not isinstance(found, dict):
        raise InputError(f"its fact {key!r} is {_shown(found)}; it must be a table")
    return found


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]
