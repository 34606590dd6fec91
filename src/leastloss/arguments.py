"""Check arguments of public functions and classes; one of a wrong type is one clear line."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast, get_type_hints

from leastloss.errors import InputError, ResourceError, brief, shown
from leastloss.hints import Kind, kind_of

Target = TypeVar("Target", bound=Callable[..., Any])

_INT64 = 2**63
_ANY_SIZE = "seed"  # of which any bits count, also those beyond 64
_NO_MEMORY = (
    "allocate memory",
    "out of memory",
    "calculation overflowed",
    "multiplication overflow",
)
_FAILURES = (RuntimeError, ValueError, TypeError, IndexError)


def checked(target: Target) -> Target:
    """Check the arguments of a function, or of a class's constructor, against its annotations.

    Signature, docstring and types stay as they are. What has no annotation, or ``Any``, is not
    looked at. A request that no memory is large enough for becomes one line too.

    Raises:
        InputError: When called with an argument of a type that its annotation does not allow; it
            names the function, the argument, what was given and what is allowed.
        ResourceError: When there is not enough memory for what was asked for.

    Example:
        >>> @checked
        ... def double(number: int) -> int:
        ...     return 2 * number
        >>> double("3")
        Traceback (most recent call last):
        leastloss.errors.InputError: double: number is '3'; it must be an integer
    """
    if inspect.isclass(target):
        setattr(target, "__init__", _wrapped(target.__init__, target.__name__))  # noqa: B010
        return target
    return cast(Target, _wrapped(target, target.__qualname__))


def computed(function: Target) -> Target:
    """Do what :func:`checked` does for a function that computes and calls nothing of the caller's.

    So whatever torch or NumPy cannot do with the arguments is the caller's to mend.

    Raises:
        InputError: Also in place of what they say, as of shapes that do not fit together.

    Example:
        >>> import torch
        >>> @computed
        ... def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        ...     return a @ b
        >>> product(torch.eye(2), torch.eye(3))
        Traceback (most recent call last):
        leastloss.errors.InputError: product: the arguments do not fit together: ...
    """
    return cast(Target, _wrapped(function, function.__qualname__, _FAILURES))


def _wrapped(
    function: Callable[..., Any], title: str, failures: tuple[type[Exception], ...] = ()
) -> Callable[..., Any]:
    caught: tuple[type[Exception], ...] = (MemoryError, RuntimeError, OverflowError, *failures)
    names = tuple(inspect.signature(function).parameters)

    @functools.cache  # read when first called: annotations may name what is defined further down
    def kinds() -> dict[str, Kind]:
        hints = get_type_hints(function, include_extras=True)
        kinds_by_name = {name: kind_of(hints[name]) for name in names if name in hints}
        return {name: kind for name, kind in kinds_by_name.items() if kind is not None}

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        expected = kinds()
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            kind = expected.get(name)
            if kind is not None and not kind.allows(value):
                _refuse(title, name, value, kind.words)
        try:
            return function(*args, **kwargs)
        except caught as error:
            if isinstance(error, InputError | ResourceError):
                raise
            if lacks_memory(error):
                raise ResourceError(
                    f"{title}: there is not enough memory for what was asked for"
                ) from error
            if isinstance(error, OverflowError):
                raise InputError(f"{title}: a number is too large ({brief(error)})") from error
            if isinstance(error, failures):
                raise InputError(
                    f"{title}: the arguments do not fit together: {brief(error)}"
                ) from error
            raise

    return wrapper


def _refuse(title: str, name: str, value: object, allowed: str) -> None:
    if isinstance(value, int) and abs(value) >= _INT64:
        if name == _ANY_SIZE:
            return
        allowed = f"{allowed} below 2^63"
    if isinstance(value, str) and "list of texts" in allowed:
        allowed = f"{allowed}; give a list, as in [{shown(value)}]"
    raise InputError(f"{title}: {name} is {shown(value)}; it must be {allowed}")


def lacks_memory(error: Exception) -> bool:
    """Whether an error of NumPy or torch says that memory is short, or any would be.

    Example:
        >>> lacks_memory(MemoryError()), lacks_memory(RuntimeError("shapes differ"))
        (True, False)
    """
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)
