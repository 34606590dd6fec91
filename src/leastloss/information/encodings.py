"""From ternary weights to binary matrices."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leastloss.arguments import computed
from leastloss.errors import InputError
from leastloss.information.inputs import as_array
from leastloss.names import choose

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
