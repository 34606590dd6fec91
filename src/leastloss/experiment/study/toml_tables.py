"""Experiment files (TOML): the layers of their tables, and values checked for their types."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import Field
from pathlib import Path
from typing import Any

from leastloss.errors import InputError, choose

WORDS = "words"
"""Table of texts that fill ``{placeholders}`` in :data:`TEXTS`."""

TEXTS = ("title", "section", "question")
"""Keys of an experiment file that may hold placeholders."""


def read_layers(file: str, override: str = "") -> list[dict[str, Any]]:
    """Read an experiment file as one table per study.

    ``extends`` names another file, relative to this one, whose keys, but for its grid,
    this file overrides. Each table of ``[[grid]]`` overrides the result and makes one study.

    Args:
        file: Its path.
        override: Values laid over all of them (:func:`overrides`).
    """
    keys, on_top = _read(Path(file), []), overrides(override)
    try:
        rows = _rows(keys.pop("grid", [{}]))
        return [_filled(laid_over(laid_over(keys, row), on_top)) for row in rows]
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def overrides(text: str) -> dict[str, Any]:
    """Read ``key=value`` pairs with spaces between; a value is one of TOML, or plain text.

    Raises:
        InputError: If a pair is none, or its key no dotted key of TOML.

    Example:
        >>> overrides("seeds=[0,3] train.dataset=mnist prune.substeps=2")
        {'seeds': [0, 3], 'train': {'dataset': 'mnist'}, 'prune': {'substeps': 2}}
        >>> overrides("epochs")
        Traceback (most recent call last):
        leastloss.errors.InputError: override holds 'epochs'; it must be pairs like train.epochs=5
    """
    keys: dict[str, Any] = {}
    for pair in text.split():
        key, equals, value = pair.partition("=")
        try:
            laid = tomllib.loads(f"{key} = true") if equals else {}
        except tomllib.TOMLDecodeError:
            laid = {}
        if not laid:
            raise InputError(f"override holds {pair!r}; it must be pairs like train.epochs=5")
        try:
            laid = tomllib.loads(f"{key} = {value}")
        except tomllib.TOMLDecodeError:
            laid = tomllib.loads(f"{key} = {json.dumps(value)}")
        keys = laid_over(keys, laid)
    return keys


def laid_over(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one table over another: tables are merged key by key, anything else is replaced.

    A list is one value: ``sparsities`` or ``[[arm]]`` of the top replace those of the base.

    Example:
        >>> laid_over({"train": {"size": 10, "ratio": 20}, "arm": [1, 2]}, {"train": {"size": 28}})
        {'train': {'size': 28, 'ratio': 20}, 'arm': [1, 2]}
    """
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = laid_over(below, value)
        else:
            merged[key] = value
    return merged


def _rows(grid: object) -> list[dict[str, Any]]:
    """The tables of ``[[grid]]``."""
    rows: list[dict[str, Any]] = typed(list, "grid", grid)
    if not rows:
        raise InputError("grid is an empty list; give one or more tables [[grid]]")
    for number, row in enumerate(rows, 1):
        for key in typed(dict, f"row {number} of grid", row):
            if key in ("extends", "grid"):
                raise InputError(f"row {number} of grid must not hold {key!r}")
    return rows


def _read(path: Path, above: list[Path]) -> dict[str, Any]:
    """The keys of a file over those of the file that it extends; ``above``: files that led here."""
    place = path.resolve()
    if place in above:
        chain = " -> ".join(file.name for file in [*above[above.index(place) :], place])
        raise InputError(f"{above[0].name}: the files extend each other in a circle: {chain}")
    try:
        keys = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the experiment file {str(path)!r}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: {error}") from error
    except RecursionError as error:
        raise InputError(f"{path}: its tables or lists are nested too deep to be read") from error
    if "extends" not in keys:
        return keys
    name = typed(str, f"extends of {path}", keys.pop("extends"))
    base = _read(path.parent / name, [*above, place])
    base.pop("grid", None)
    return laid_over(base, keys)


def _filled(keys: dict[str, Any]) -> dict[str, Any]:
    """Fill the placeholders; a file without ``[words]`` has none."""
    if WORDS not in keys:
        return keys
    words = typed(dict, WORDS, keys.pop(WORDS))
    for word, text in words.items():
        typed(str, f"{word} of {WORDS}", text)

    def word_of(match: re.Match[str]) -> str:
        if match[1] not in words:
            raise InputError(f"{match[0]} has no text in [{WORDS}]; there are: {', '.join(words)}")
        return str(words[match[1]])

    filled = {
        key: re.sub(r"\{(\w+)\}", word_of, keys[key])
        for key in TEXTS
        if isinstance(keys.get(key), str)
    }
    return keys | filled


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


def share(key: str, value: object, where: str = "report") -> float:
    """A number in [0, 1]."""
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]  # a number
        raise InputError(f"{key} of {where} has {value!r}; it must lie in [0, 1]")
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
