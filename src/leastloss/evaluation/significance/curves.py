"""Whole curves as one number: how much is kept on the way, and how far one may go for free."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import trapezoid

from leastloss.errors import InputError
from leastloss.evaluation.significance.intervals import Floats

Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

SLACK = 1e-9
"""Two equal shares may differ by so much, by the order of their additions."""


def area_under_curve(sparsity: ArrayLike, values: ArrayLike, upto: float) -> Floats:
    """Return the mean height of curves between sparsity 0 and ``upto``.

    The trapezoids' area over ``upto``, so a metric in [0, 1] has an area in [0, 1]. Between steps,
    and at ``upto`` itself, the curve is the straight line between its neighbours.

    Args:
        sparsity: Where it was measured, ascending from 0, shape (k,).
        values: Finite values, shape (k,), or (..., k) for many curves.
        upto: Where the area ends, above 0 and no further than the last sparsity.

    Returns:
        The areas, of the shape of ``values`` without its last axis.

    Raises:
        InputError: If the shapes do not fit, a value is not finite, the sparsities do not ascend
            from 0, or ``upto`` lies outside them.

    Example:
        >>> float(area_under_curve([0, 0.5, 1], [1, 1, 0], upto=1))
        0.75
        >>> float(area_under_curve([0, 0.5, 1], [1, 1, 0], upto=0.75))  # 0.5 + 0.25 * 0.75
        0.9166666666666666
    """
    at, heights = check_curves(sparsity, values)
    if at[0] != 0 or not 0 < upto <= at[-1]:
        raise InputError(
            f"an area up to {upto} of a curve from {at[0]:g} to {at[-1]:g}; "
            "the curve must start at 0 and reach there"
        )
    inside = int((at < upto).sum())  # steps before the end; at least the first
    share = (upto - at[inside - 1]) / (at[inside] - at[inside - 1])
    end = heights[..., inside - 1] * (1 - share) + heights[..., inside] * share
    x = np.append(at[:inside], upto)
    y = np.concatenate([heights[..., :inside], end[..., None]], axis=-1)
    return np.asarray(trapezoid(y, x, axis=-1) / upto)


def free_sparsity(
    sparsity: ArrayLike, values: ArrayLike, dense: ArrayLike, within: float
) -> Floats:
    """Return the largest sparsity before a metric first falls by more than ``within``.

    Args:
        sparsity: Where it was measured, ascending, shape (k,).
        values: The metric, shape (k,), or (..., k) for many curves; more is better.
        dense: The dense network's, one for all curves or one for each, shape (...).
        within: The loss that is accepted, at least 0.

    Returns:
        A sparsity for each curve, in the shape of ``values`` without its last axis; 0 where the
        first step has fallen already. A curve that never falls gives its last sparsity: it may be
        free beyond that.

    Raises:
        InputError: If the shapes do not fit, a value is not finite, or ``within`` is negative.

    Example:
        >>> float(free_sparsity([0, 0.5, 0.8, 0.9], [0.90, 0.89, 0.80, 0.90], 0.90, within=0.02))
        0.5
    """
    at, heights = check_curves(sparsity, values)
    steps = steps_within(heights, dense, within).sum(axis=-1)
    return np.asarray(np.where(steps > 0, at[np.maximum(steps, 1) - 1], 0.0))


def steps_within(values: ArrayLike, dense: ArrayLike, within: float) -> Flags:
    """Mark the steps before a metric first falls by more than ``within``.

    Args:
        values: The metric at each step, shape (..., k); more is better.
        dense: The dense network's, shape (...) or one for all.
        within: The loss that is accepted, at least 0.

    Returns:
        Of the shape of ``values``. A step after the first fall is not marked, however good it is.

    Raises:
        InputError: If a value is not finite, the shapes do not fit, or ``within`` is negative.

    Example:
        >>> steps_within([0.90, 0.89, 0.80, 0.90], 0.90, within=0.02).tolist()
        [True, True, False, False]
    """
    heights, level = np.asarray(values, np.float64), np.asarray(dense, np.float64)
    if not within >= 0:
        raise InputError(f"within is {within}; a loss that is accepted must be at least 0")
    if level.shape not in {(), heights.shape[:-1]}:
        raise InputError(f"{level.shape} dense levels for curves of shape {heights.shape}")
    if not (np.isfinite(heights).all() and np.isfinite(level).all()):
        raise InputError("a value of a curve or of the dense network is not finite; all must be")
    near = heights >= level[..., None] - within - SLACK
    return np.asarray(np.logical_and.accumulate(near, axis=-1))


def check_curves(sparsity: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    """Return sparsities (k,) and values (..., k) as arrays.

    Raises:
        InputError: If the shapes do not fit, something is not finite, or sparsities do not ascend.
    """
    at, heights = np.asarray(sparsity, np.float64), np.asarray(values, np.float64)
    if at.ndim != 1 or len(at) < 2 or heights.shape[-1:] != at.shape:
        raise InputError(
            f"sparsities of shape {at.shape} and values of shape {heights.shape}; "
            "they must be (k,) and (..., k), of at least 2 steps"
        )
    if not (np.isfinite(at).all() and np.isfinite(heights).all()):
        raise InputError("a sparsity or a value is not finite; all must be")
    if (np.diff(at) <= 0).any():
        raise InputError("the sparsities do not ascend; each must be above the one before it")
    return at, heights
