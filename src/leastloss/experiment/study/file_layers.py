"""Read an experiment file (TOML): the file that it extends, its own keys, its grid."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leastloss.errors import InputError
from leastloss.experiment.study.toml_values import typed

WORDS = "words"
"""Table of texts that fill ``{placeholders}`` in :data:`TEXTS`."""

TEXTS = ("title", "section", "question")
"""Keys of an experiment file that may hold placeholders."""


def read_layers(file: str) -> list[dict[str, Any]]:
    """Read an experiment file as one table per study.

    ``extends`` names another file, relative to this one, whose keys, but for its grid,
    this file overrides. Each table of ``[[grid]]`` overrides the result and makes one study.
    """
    keys = _read(Path(file), [])
    try:
        return [_filled(laid_over(keys, row)) for row in _rows(keys.pop("grid", [{}]))]
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


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
