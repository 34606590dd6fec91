"""One place that says how the kernels are compiled.

Numba's cache on disk watches the source of the file that a function lives in, not of the files
that its helpers come from. So that no stale machine code survives a change of a helper, every file
of kernels names the digests of the files it is built on, in ``BUILT_ON``: a change there changes
this file too. A test says which lines to bring up to date.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile with Numba in nopython mode; the machine code is cached on disk beside the source.

    No fast-math: sums keep their order, so the same input gives the same bits. The error model is
    NumPy's, so that no division has to be able to raise.
    """
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: Function) -> Function:
    """Compile a helper into its callers.

    Numba counts references to arrays at calls and at every access to a tuple of arrays; that costs
    more than the few lines of a helper. Inner loops therefore take plain arrays, inlined.
    """
    return cast(Function, numba.njit(forceinline=True, error_model="numpy")(function))
