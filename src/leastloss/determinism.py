"""Determinism on request: torch takes algorithms that give equal bits every time."""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import torch

from leastloss.errors import InputError

_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"  # cuBLAS is deterministic with a workspace of fixed size


class _Recipe(Protocol):
    """A configuration with the option."""

    @property
    def deterministic(self) -> str: ...


C = TypeVar("C", bound=_Recipe, contravariant=True)
P = ParamSpec("P")
T = TypeVar("T")


@contextlib.contextmanager
def deterministic(wanted: bool = True) -> Iterator[None]:
    """Let torch use deterministic algorithms alone, if wanted; what was set before comes back.

    Raises:
        InputError: If torch has no such algorithm for what is done.

    Example:
        >>> with deterministic():
        ...     torch.are_deterministic_algorithms_enabled()
        True
        >>> torch.are_deterministic_algorithms_enabled()
        False
    """
    if not wanted:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark, workspace = torch.backends.cudnn.benchmark, os.environ.get(_WORKSPACE)
    os.environ.setdefault(_WORKSPACE, ":4096:8")
    torch.backends.cudnn.benchmark = False  # it picks algorithms by their speed
    torch.use_deterministic_algorithms(True)
    try:
        yield
    except RuntimeError as error:
        if "does not have a deterministic implementation" not in str(error):
            raise
        line = str(error).partition(",")[0]
        raise InputError(f"deterministic is 'yes', and torch cannot: {line}") from error
    finally:
        torch.use_deterministic_algorithms(before, warn_only=only_warned)
        torch.backends.cudnn.benchmark = benchmark
        if workspace is None:
            del os.environ[_WORKSPACE]


def as_configured(recipe: Callable[Concatenate[C, P], T]) -> Callable[Concatenate[C, P], T]:
    """Do a recipe deterministically where its configuration asks for it."""

    @functools.wraps(recipe)
    def work(config: C, /, *rest: P.args, **options: P.kwargs) -> T:
        with deterministic(config.deterministic == "yes"):
            return recipe(config, *rest, **options)

    return work
