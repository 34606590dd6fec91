"""How far a network's confidence is from how often it is right."""

import torch

from leastloss.errors import InputError
from leastloss.evaluation.metrics import Labels, check_logits

BINS = 15


def calibration_error(logits: Labels, y: Labels, *, bins: int = BINS) -> float:
    """Return the expected calibration error (ECE) of logits, in [0, 1].

    Samples are sorted by confidence, the largest softmax probability, into bins of equal width
    (lower end excluded, upper end included). The error is the mean over samples of the distance
    between the accuracy and the mean confidence of their bin.

    Args:
        logits: Shape (n, C).
        y: True labels (n,).
        bins: Number of bins. The value depends on it: quote it.

    Raises:
        InputError: If shapes do not fit, a logit is not finite, or there is no bin.

    Source:
        Guo et al. 2017, "On Calibration of Modern Neural Networks" (arXiv 1706.04599), equation 5,
        with their 15 bins.

    Example:
        >>> import numpy as np
        >>> sure = np.log([[0.9, 0.1], [0.9, 0.1]])  # 90 % sure of class 0, and right once of twice
        >>> round(calibration_error(sure, np.array([0, 1])), 6)
        0.4
    """
    if bins < 1:
        raise InputError(f"bins is {bins}; it must be at least 1")
    shape = tuple(logits.shape)
    if len(shape) != 2 or shape[0] == 0 or len(y) != shape[0]:
        raise InputError(f"logits of shape {shape} and {len(y)} labels; they must be (n, C) and n")
    confidence, guess = check_logits(logits, shape[1]).softmax(dim=1).max(dim=1)
    right = (guess == torch.as_tensor(y).to(guess.device)).double()
    bin_of = ((confidence * bins).ceil().long() - 1).clamp(0, bins - 1)
    gap = torch.zeros(bins, dtype=torch.float64).index_add_(0, bin_of, right - confidence)
    return float(gap.abs().sum() / len(right))
