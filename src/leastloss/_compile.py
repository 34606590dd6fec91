"""How kernels are compiled, and where their machine code is kept.

Numba's cache on disk watches the file that a function stands in, but not the files of its helpers.
So the folder of the cache carries a digest of all kernel sources: whatever changes in one of them,
no stale machine code is read.
"""

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])
_PACKAGE = Path(__file__).parent
_ROOMS = ("information", "geometry")
_jit: Callable[..., Any] = functools.partial(  # no C code calls kernels
    numba.njit, error_model="numpy", no_cfunc_wrapper=True
)


def compiled(function: Function) -> Function:
    """Compile with Numba in nopython mode; the machine code is cached on disk.

    No fast-math: sums keep their order, so the same input gives the same bits. The error model is
    NumPy's, so that no division has to be able to raise.
    """
    return _cached(function)


def compiled_part(function: Function) -> Function:
    """As :func:`compiled`, for what is called from other compiled functions alone.

    What lets Python call a function takes the compiler as long as a small function does; without
    it such a call is a crash. A test finds calls in plain functions.
    """
    return _cached(function, no_cpython_wrapper=True)


def _cached(function: Function, **options: bool) -> Function:
    settings = vars(numba.config)  # fills itself from the environment
    before = settings["CACHE_DIR"]
    settings["CACHE_DIR"] = str(cache_folder())  # read when the function is decorated
    try:
        return cast(Function, _jit(cache=True, nogil=True, **options)(function))
    finally:
        settings["CACHE_DIR"] = before


def inlined(function: Function) -> Function:
    """Compile a helper into its callers.

    Numba counts references to arrays at calls and at every access to a tuple of arrays; that costs
    more than the few lines of a helper. Inner loops therefore take plain arrays, inlined.
    """
    return cast(Function, _jit(forceinline=True)(function))


@functools.cache
def cache_folder() -> Path:
    """Where machine code of these very sources is kept.

    In ``NUMBA_CACHE_DIR`` if that is set, else beside the sources, else in the user's cache.
    """
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        base = Path(chosen)
    elif os.access(_PACKAGE, os.W_OK):
        base = _PACKAGE / "__pycache__"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leastloss"
    return base / f"kernels-{digest(_PACKAGE)}"


def digest(package: Path) -> str:
    """Digest of this file and of all sources in the rooms that hold kernels."""
    sources = [package / "_compile.py"]
    for room in _ROOMS:
        sources += sorted((package / room).rglob("*.py"))
    total = hashlib.sha256()
    for source in sources:
        total.update(source.relative_to(package).as_posix().encode())
        total.update(hashlib.sha256(source.read_bytes()).digest())
    return total.hexdigest()[:16]
