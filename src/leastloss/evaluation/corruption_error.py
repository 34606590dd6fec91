"""Corruption errors: how much a network errs under noise, relative to the dense one."""

from collections.abc import Sequence

NAN = float("nan")
_ROUNDING = 1e-12  # sums of shares that should be zero are at most this far from it


def corruption_error(errors: Sequence[float], reference: Sequence[float]) -> float:
    """Return the corruption error CE: summed error over that of the reference network.

    Args:
        errors: Error (1 - accuracy) at each severity.
        reference: Of the reference at the same severities.

    Returns:
        Below 1: more robust than the reference. NaN if the reference makes no error at all.

    Source:
        Hendrycks & Dietterich 2019 (arXiv 1903.12261), section 4.2, with the dense network in
        AlexNet's place, and as a factor, not in per cent.

    Example:
        >>> corruption_error([0.25, 0.5], [0.25, 0.25])
        1.5
    """
    return _quotient(sum(errors), sum(reference))


def relative_corruption_error(
    errors: Sequence[float], clean: float, reference: Sequence[float], reference_clean: float
) -> float:
    """Return the relative CE: what noise adds to the error, over what it adds to the reference's.

    Args:
        errors: Error at each severity.
        clean: Error without noise.
        reference: Error of the reference at the same severities.
        reference_clean: Its error without noise.

    Returns:
        Below 1: the error grows less than the reference's. NaN if the reference's does not grow:
        the quotient would have no meaning.

    Source:
        As :func:`corruption_error`.

    Example:
        >>> relative_corruption_error([0.5, 0.75], 0.25, [0.25, 0.5], 0.125)
        1.5
    """
    grown = sum(error - reference_clean for error in reference)
    return _quotient(sum(error - clean for error in errors), grown)


def _quotient(above: float, below: float) -> float:
    return above / below if below > _ROUNDING else NAN
