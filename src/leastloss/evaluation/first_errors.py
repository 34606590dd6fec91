"""Which samples pruning breaks, and in which order."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from leastloss.errors import InputError
from leastloss.evaluation.metrics import Labels, as_array

NEVER = -1
"""Where a sample is right at the last step, or was wrong before any pruning."""


def first_wrong(predictions: NDArray[np.integer], dense: Labels, y: Labels) -> NDArray[np.int64]:
    """Return the step from which each sample is wrong for good.

    Args:
        predictions: Labels at each step of a path, shape (steps, n).
        dense: The dense network's labels (n,).
        y: True labels (n,).

    Returns:
        Shape (n,): the first step at which, and at all later ones, a sample that the dense network
        gets right is wrong; :data:`NEVER` if there is none.

    Raises:
        InputError: If the shapes do not fit, or there is no step.

    Example:
        >>> steps = np.array([[0, 0, 0], [1, 1, 0], [0, 1, 1]])
        >>> first_wrong(steps, dense=[0, 0, 1], y=[0, 0, 0]).tolist()
        [-1, 1, -1]
    """
    before, truth = as_array(dense), as_array(y)
    if predictions.ndim != 2 or not len(predictions):
        raise InputError(f"predictions of shape {predictions.shape}; they must be (steps, n)")
    if not predictions.shape[1:] == before.shape == truth.shape:
        raise InputError(
            f"{predictions.shape[1]} samples are predicted, the labels have shape {truth.shape}, "
            f"the dense network's {before.shape}; all must be of the same samples"
        )
    wrong = predictions != truth
    for_good = np.logical_and.accumulate(wrong[::-1], axis=0)[::-1]
    broken = for_good[-1] & (before == truth)
    return np.where(broken, for_good.argmax(axis=0), NEVER)


def breaking_order(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the samples that break, the first to break first; of one step, in their own order.

    Args:
        steps: What :func:`first_wrong` returns, shape (n,).

    Example:
        >>> breaking_order(np.array([-1, 7, 2, 2])).tolist()
        [2, 3, 1]
    """
    broken = np.flatnonzero(steps != NEVER)
    return np.asarray(broken[np.argsort(steps[broken], kind="stable")])


def broken_samples(
    predictions: NDArray[np.integer], dense: Labels, y: Labels, sparsity: ArrayLike
) -> pd.DataFrame:
    """List the samples that pruning breaks, the first to break first.

    Args:
        predictions: As for :func:`first_wrong`.
        dense: As for :func:`first_wrong`.
        y: As for :func:`first_wrong`.
        sparsity: The sparsity of each step, shape (steps,).

    Returns:
        One row per sample: sample (its number), label, predicted (at the step at which it breaks),
        step, sparsity.

    Raises:
        InputError: As :func:`first_wrong`, or if there is not one sparsity for each step.

    Example:
        >>> steps = np.array([[0, 1], [1, 1]])
        >>> broken_samples(steps, dense=[0, 1], y=[0, 1], sparsity=[0, 0.5]).to_dict("records")
        [{'sample': 0, 'label': 0, 'predicted': 1, 'step': 1, 'sparsity': 0.5}]
    """
    shares = np.asarray(sparsity, dtype=np.float64)
    if shares.shape != predictions.shape[:1]:
        raise InputError(f"sparsities of shape {shares.shape} for {len(predictions)} steps")
    steps = first_wrong(predictions, dense, y)
    samples = breaking_order(steps)
    at = steps[samples]
    columns = {"sample": samples, "label": as_array(y)[samples]}
    columns |= {"predicted": predictions[at, samples], "step": at, "sparsity": shares[at]}
    return pd.DataFrame(columns)
