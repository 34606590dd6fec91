"""Names that a user types: look one up, or say what exists and what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from leastloss.errors import InputError, shown

_LONGEST = 80  # characters that are compared: it takes time


def choose(kind: str, name: object, options: Iterable[str], listed: Iterable[str] = ()) -> str:
    """Return ``name`` if it is one of ``options``.

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
    near = get_close_matches(str(name)[:_LONGEST].lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? There" if near else "there"
    raise InputError(f"unknown {kind} {shown(name)}; {hint} are: {', '.join(listed or names)}")
