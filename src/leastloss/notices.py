"""What a caller should know although the call goes on."""

import sys
import warnings
from pathlib import Path

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
