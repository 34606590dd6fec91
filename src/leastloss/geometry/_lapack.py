"""Routines of SciPy's LAPACK and BLAS, in place and beside other threads of Python.

SciPy's own wrappers copy, and keep Python's lock while they work. Matrices are C-contiguous: a row
here is a column there, so a lower triangle is an upper one to NumPy. For matrices of a few hundred
these routines take half as long as torch's on AMD processors.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from ctypes import CFUNCTYPE, byref, c_char_p, c_double, c_int, c_void_p
from functools import cache

import numpy as np
from numba.extending import get_cython_function_address
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from leastloss.errors import InputError


def _routine(library: str, function: str, arguments: str) -> Callable[..., None]:
    """A routine by its arguments: s for a letter, p for the address of a number or of an array."""
    address = get_cython_function_address(f"scipy.linalg.cython_{library}", function)
    kinds = [c_char_p if kind == "s" else c_void_p for kind in arguments]
    return CFUNCTYPE(None, *kinds)(address)  # its calls let go of Python's lock


# Found at once, so that whoever limits the threads of BLAS libraries sees SciPy's.
_POTRF = _routine("lapack", "dpotrf", "spppp")
_TRTRI = _routine("lapack", "dtrtri", "sspppp")
_TRSM = _routine("blas", "dtrsm", "ssssppppppp")


def one_blas_thread() -> AbstractContextManager[object]:
    """Let BLAS libraries work in the thread that calls them, and as before afterwards.

    Whoever calls them from threads of Python wants no further ones, and torch's wait for nobody's.
    """
    limited: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
    return limited


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def lower_factor(block: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cholesky factor L of a matrix, in place; what is not its triangle stays as it is.

    Args:
        block: Row j holds column j of the matrix, (d, d); read on and right of the diagonal.

    Returns:
        The same array; row j holds column j of L.

    Raises:
        InputError: If the matrix is not positive definite.

    Example:
        >>> lower_factor(np.array([[4.0, 2.0], [0.0, 2.0]])).tolist()
        [[2.0, 1.0], [0.0, 1.0]]
    """
    if not len(block):
        return block
    size, failed = byref(c_int(len(block))), c_int(0)
    _POTRF(b"L", size, block.ctypes.data, size, byref(failed))
    if failed.value:
        raise InputError("the moments are not positive semi-definite, so they are no moments")
    return block


def invert_triangle(triangle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of a factor of :func:`lower_factor`, in place.

    Example:
        >>> invert_triangle(np.array([[2.0, 1.0], [0.0, 1.0]])).tolist()
        [[0.5, -0.5], [0.0, 1.0]]
    """
    if not len(triangle):
        return triangle
    size, failed = byref(c_int(len(triangle))), c_int(0)
    _TRTRI(b"L", b"N", size, triangle.ctypes.data, size, byref(failed))
    return triangle


def solve_triangle(
    triangle: NDArray[np.float64], right: NDArray[np.float64], *, transposed: bool = False
) -> NDArray[np.float64]:
    """Solutions of ``L x = b``, or ``L^T x = b``, in place.

    Args:
        triangle: L as :func:`lower_factor` returns it.
        right: C-contiguous; each row is a b, (n, d).
        transposed: Whether L is.

    Returns:
        The same array; each row is an x.

    Example:
        >>> solve_triangle(np.array([[2.0, 1.0], [0.0, 1.0]]), np.array([[2.0, 3.0]])).tolist()
        [[1.0, 2.0]]
    """
    if not right.size:
        return right
    size, count, one = byref(c_int(len(triangle))), byref(c_int(len(right))), byref(c_double(1.0))
    letter = b"T" if transposed else b"N"
    _TRSM(
        *(b"L", b"L", letter, b"N", size, count, one),
        *(triangle.ctypes.data, size, right.ctypes.data, size),
    )
    return right
