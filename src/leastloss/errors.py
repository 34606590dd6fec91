"""What a caller is told in one line: why a request failed, or what to know although it did not."""

import re
import reprlib
import sys
import warnings
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

_LONGEST_VALUE, _LONGEST_QUOTE, _LONGEST_LINE = 60, 200, 1000  # characters
_LONG = 160  # letters; paths and addresses are shorter
_COMPARED = 80  # characters of a name that are compared with what exists: it takes time
# From an opening quote, which follows no letter, to its closing one, which no letter follows.
_QUOTED = re.compile(r"(?<!\w)(['\"])(?:\\.|(?!\1(?!\w)).)*\1(?!\w)", re.DOTALL)
_WORD = re.compile(rf"\S{{{_LONG},}}")
_NUMBERS = re.compile(r"(?<![\w.])(?:-?[\d.]{1,25}(?:e[+-]?\d{1,3})?, ){20,}")


def shortened(message: str) -> str:
    """Cut values that a message repeats where they are very long; lists of names stay whole.

    Example:
        >>> shortened(f"hidden is {'8,' * 10_000!r}; it must be ...")[:60]
        "hidden is '8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8"
        >>> len(shortened("9" * 4_000))
        80
    """

    def cut(match: re.Match[str]) -> str:
        whole = match[0]
        return whole if len(whole) < _LONG else f"{whole[:59]}…{whole[-20:]}"

    return _WORD.sub(cut, _QUOTED.sub(cut, _NUMBERS.sub(cut, message)))


class _OneLine(Exception):
    """A message without line breaks; of one that is very long, its middle is left out."""

    def __init__(self, message: str) -> None:
        super().__init__(shortened(message))

    def __str__(self) -> str:
        line = " ".join(super().__str__().split())
        half = _LONGEST_LINE // 2
        return line if len(line) <= _LONGEST_LINE else f"{line[:half]} ... {line[-half:]}"


class InputError(_OneLine, ValueError):
    """A value that the caller gave is wrong; the message says what was given and what is allowed.

    The command line turns it into a usage error (exit code 2).

    Example:
        >>> raise InputError("to_sparsity is 1.5; it must lie in (0, 1)")
        Traceback (most recent call last):
        leastloss.errors.InputError: to_sparsity is 1.5; it must lie in (0, 1)
    """


class ResourceError(_OneLine, RuntimeError):
    """Something outside the call is wrong: a corrupt file, no network, a missing run.

    The command line prints the message as one line and ends with exit code 1.

    Example:
        >>> raise ResourceError("mnist: train-images is truncated")
        Traceback (most recent call last):
        leastloss.errors.ResourceError: mnist: train-images is truncated
    """


def shown(value: object) -> str:
    """A value in at most 60 characters, for a message.

    Example:
        >>> shown("3"), shown([1.5] * 1000), shown(10**9999)
        ("'3'", '[1.5, 1.5, 1.5, 1.5, 1.5, 1.5, ...]', 'an integer of 33216 bits')
    """
    if isinstance(value, int) and abs(value) >= 2**200:  # Python spells no more than 4,300 digits
        return f"an integer of {value.bit_length()} bits"
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        text = _brief.repr(value)
    elif isinstance(value, list | tuple | dict | set | frozenset | range):
        text = " ".join(_brief.repr(value).split())
    else:
        kind, shape = type(value).__name__, getattr(value, "shape", None)
        text = f"{'an' if kind[0].lower() in 'aeiou' or kind == 'ndarray' else 'a'} {kind}"
        text += f" of shape {tuple(shape)}" if isinstance(shape, tuple) else ""
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def brief(error: Exception) -> str:
    r"""What another library said, in one line of at most 200 characters, for a message.

    Example:
        >>> brief(ValueError("no\nsuch shape"))
        'no such shape'
    """
    line = " ".join(str(error).split()) or type(error).__name__
    return line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 3]}..."


def choose(kind: str, name: object, options: Iterable[str], listed: Iterable[str] = ()) -> str:
    """Return ``name`` if it is one of ``options``; else say what was probably meant.

    Args:
        kind: What the name stands for, in words ("data set", "criterion").
        name: What the user typed.
        options: What exists.
        listed: The same in fewer words, where there are very many.

    Raises:
        InputError: If the name is unknown, with the nearest option and all of them.

    Example:
        >>> choose("model", "mlp", ["mlp", "binarized-mlp"])
        'mlp'
        >>> choose("model", "mpl", ["mlp", "binarized-mlp"])
        Traceback (most recent call last):
        leastloss.errors.InputError: unknown model 'mpl'; did you mean 'mlp'? \
There are: mlp, binarized-mlp
    """
    names = list(options)
    if isinstance(name, str) and name in names:
        return name
    near = get_close_matches(str(name)[:_COMPARED].lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? There" if near else "there"
    raise InputError(f"unknown {kind} {shown(name)}; {hint} are: {', '.join(listed or names)}")


_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = _LONGEST_VALUE
_brief.maxlevel = 2


_PACKAGE = str(Path(__file__).parent)


def notice(message: str) -> None:
    """Warn (``UserWarning``) at the line outside of this package from which the call came.

    Example:
        >>> with warnings.catch_warnings(record=True) as told:
        ...     notice("10 of 20 weights are zero already")
        >>> str(told[0].message)
        '10 of 20 weights are zero already'
    """
    level, frame = 2, sys._getframe(1)
    while frame.f_code.co_filename.startswith(_PACKAGE) and frame.f_back is not None:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
