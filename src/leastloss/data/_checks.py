"""Numbers that a caller gives: in range, or one line that says what the range is."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from leastloss.errors import InputError, shown


def integer(name: str, value: object, low: int, high: int | None = None) -> int:
    """Return ``value`` as an int if it is an integer in low..high.

    Raises:
        InputError: If it is not.

    Example:
        >>> integer("size", 10, 2, 256)
        10
    """
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        number = int(value)
        if number >= low and (high is None or number <= high):
            return number
    allowed = f">= {low}" if high is None else f"in {low}..{high}"
    raise InputError(f"{name} is {shown(value)}; it must be an integer {allowed}")


def share(name: str, value: object) -> float:
    """Return ``value`` as a float if it is a number in (0, 1].

    Raises:
        InputError: If it is not.

    Example:
        >>> share("subset", 0.5)
        0.5
    """
    return _number(name, value, lambda x: 0 < x <= 1, "a number in (0, 1]")


def at_least_one(name: str, value: object) -> float:
    """Return ``value`` as a float if it is a finite number >= 1.

    Raises:
        InputError: If it is not.

    Example:
        >>> at_least_one("ratio", 20)
        20.0
    """
    return _number(name, value, lambda x: 1 <= x < math.inf, "a finite number >= 1")


def _number(name: str, value: object, fits: Callable[[Any], bool], allowed: str) -> float:
    if isinstance(value, int | float | np.number) and not isinstance(value, bool) and fits(value):
        return float(value)
    raise InputError(f"{name} is {shown(value)}; it must be {allowed}")
