"""One place that says how the kernels are compiled."""

from collections.abc import Callable
from typing import TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile with Numba in nopython mode; the machine code is cached on disk beside the source.

    No fast-math: sums keep their order, so the same input gives the same bits. The error model is
    NumPy's, so that no division has to be able to raise.
    """
    kernel: Function = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return kernel


def inlined(function: Function) -> Function:
    """Compile a helper into its callers.

    Numba counts references to arrays at calls and at every access to a tuple of arrays; that costs
    more than the few lines of a helper. Inner loops therefore take plain arrays, inlined.
    """
    kernel: Function = numba.njit(forceinline=True, error_model="numpy")(function)
    return kernel
