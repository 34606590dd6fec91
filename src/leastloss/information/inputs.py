"""What users hand over: binary matrices, checked, and ternary weights, encoded as such."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leastloss.arguments import computed
from leastloss.errors import InputError, choose

BLOCKS = (2, 3, 4)

Matrices = ArrayLike | Sequence[ArrayLike]


def check_block(block: int) -> int:
    """Return ``block`` if CTM tables exist for that side; raise InputError if not."""
    if isinstance(block, bool) or block not in BLOCKS:
        raise InputError(f"block is {block!r}; it must be 2, 3 or 4")
    return int(block)


def is_sequence(value: Matrices) -> bool:
    """Whether ``value`` is a list or tuple of matrices, as against one matrix.

    Example:
        >>> is_sequence([[0, 1], [1, 0]]), is_sequence([np.eye(2), np.eye(3)])
        (False, True)
    """
    if not isinstance(value, list | tuple):
        return False
    try:
        return any(np.ndim(part) == 2 for part in value)
    except ValueError:  # a ragged part; the message is given where it is read
        return True


def as_array(value: ArrayLike, where: str) -> NDArray[np.generic]:
    """Return ``value`` as an array.

    Raises:
        InputError: If NumPy cannot read it, or it is a masked array that hides cells.
    """
    if np.ma.is_masked(value):
        raise InputError(f"{where} is a masked array that hides cells; fill them first")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InputError(f"{where} is ragged; its rows must have equal length") from error
    except (TypeError, RuntimeError) as error:  # tensors that are traced, on a GPU, or of bfloat16
        raise InputError(
            f"{where}, a {type(value).__name__}, cannot be read as a NumPy array: {error}"
        ) from error


def binary_matrix(value: ArrayLike, where: str = "matrix") -> NDArray[np.uint8]:
    """Return ``value`` as a C-contiguous uint8 matrix of zeros and ones.

    Raises:
        InputError: As :func:`as_array`, or if it is not two-dimensional, is empty, not of bool,
            integer or float type, or holds anything but 0 and 1.
    """
    array: NDArray[Any] = as_array(value, where)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{where} has dtype {array.dtype}; it must be bool, integer or float")
    if array.ndim != 2:
        raise InputError(f"{where} has {array.ndim} dimension(s); it must be a 2-D matrix")
    if array.size == 0:
        raise InputError(f"{where} is empty (shape {array.shape}); it must hold at least one cell")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise InputError(f"{where} holds NaN; only 0 and 1 are allowed")
    if array.dtype == np.bool_:
        return np.ascontiguousarray(array).view(np.uint8)
    low, high = array.min(), array.max()
    if low < 0 or high > 1 or (array.dtype.kind == "f" and ((array != 0) & (array != 1)).any()):
        raise InputError(f"{where} holds values from {low} to {high}; only 0 and 1 are allowed")
    return np.ascontiguousarray(array, dtype=np.uint8)


def binary_matrices(value: Matrices) -> list[NDArray[np.uint8]]:
    """Return one matrix or a sequence of them as a list of uint8 matrices.

    Raises:
        InputError: As :func:`binary_matrix`, or if the sequence is empty.
    """
    if isinstance(value, list | tuple) and len(value) == 0:
        raise InputError("an empty sequence was given; at least one binary matrix is needed")
    if not is_sequence(value):
        return [binary_matrix(value)]  # type: ignore[arg-type]  # not a sequence of matrices
    return [binary_matrix(part, f"matrix {i}") for i, part in enumerate(value)]  # type: ignore[arg-type]  # is_sequence


ENCODINGS: dict[str, str] = {
    "polarity": "two planes, [w = +1] and [w = -1]: every removal clears one cell of one plane",
    "sign": "one plane, [w = +1]: a pruned weight looks like -1, so removing a -1 changes nothing",
}


@computed
def encode(ternary: ArrayLike, encoding: str = "polarity") -> tuple[NDArray[np.uint8], ...]:
    """Binary planes of a ternary weight matrix.

    Args:
        ternary: Matrix of -1, 0 (pruned) and +1, any numeric type.
        encoding: ``"polarity"`` or ``"sign"`` (see ``ENCODINGS``).

    Returns:
        uint8 matrices of the same shape: ([w = +1], [w = -1]) or ([w = +1],).

    Raises:
        InputError: If the encoding is unknown, or the weights are not a 2-D ternary matrix.

    Example:
        >>> plus, minus = encode([[1, -1, 0]])
        >>> plus.tolist(), minus.tolist()
        ([[1, 0, 0]], [[0, 1, 0]])
    """
    choose("encoding", encoding, ENCODINGS)
    array = as_array(ternary, "the weight matrix")
    if array.dtype.kind not in "biuf" or array.ndim != 2 or array.size == 0:
        raise InputError(
            f"weights of dtype {array.dtype} and shape {array.shape} were given; "
            "a non-empty 2-D matrix of -1, 0 and +1 is needed"
        )
    plus = array == 1
    minus = array == -1
    if not (plus | minus | (array == 0)).all():
        raise InputError("the weights hold something else than -1, 0 and +1; binarize them first")
    planes = (plus, minus) if encoding == "polarity" else (plus,)
    return tuple(plane.view(np.uint8) for plane in planes)
