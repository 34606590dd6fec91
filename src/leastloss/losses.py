"""Training losses that differ in what a class counts: by its samples, equally, or by its margin."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from leastloss.data import Split
from leastloss.errors import InputError, choose

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Logits (n, C) and labels (n,), or (n, C, ...) and (n, ...) -> mean loss of the batch."""

LOSSES: dict[str, str] = {
    "plain": "cross-entropy, every sample counts alike",
    "balanced": "cross-entropy, every class counts alike",
    "logit-adjusted": "cross-entropy of the logits plus the log prior of their class",
}


def log_priors(split: Split) -> Tensor:
    """Logarithms of the classes' shares of the samples, shape (C,), float64.

    Raises:
        InputError: If a class has no sample.

    Example:
        >>> split = Split(torch.zeros(4, 1), torch.tensor([0, 0, 0, 1]), 2, ())
        >>> log_priors(split).exp()
        tensor([0.7500, 0.2500], dtype=torch.float64)
    """
    counts = torch.from_numpy(split.counts()).double()
    if not counts.all():
        empty = int((counts == 0).nonzero()[0])
        raise InputError(f"class {empty} has no sample, so its prior has no logarithm")
    return (counts / counts.sum()).log()


def class_weights(split: Split) -> Tensor:
    """Weights that make a mean over samples a mean over the classes that there are, shape (C,).

    Example:
        >>> class_weights(Split(torch.zeros(4, 1), torch.tensor([0, 0, 0, 1]), 3, ()))
        tensor([0.6667, 2.0000, 0.0000], dtype=torch.float64)
    """
    counts = torch.from_numpy(split.counts()).double()
    present = counts > 0
    return torch.where(present, counts.sum() / (present.sum() * counts.clamp(min=1)), 0.0)


def training_loss(name: str, split: Split) -> Loss:
    """The loss that is minimised on a training split.

    Args:
        name: One of ``LOSSES``.
        split: Whose class counts it follows.

    Raises:
        InputError: If the name is unknown, or a class has no sample and ``logit-adjusted`` needs
            its prior.

    Source:
        Menon et al. 2021, "Long-tail learning via logit adjustment" (arXiv 2007.07314), with
        tau = 1; the network's own logits, without the prior, then predict for equal classes.

    Example:
        >>> split = Split(torch.zeros(4, 1), torch.tensor([0, 0, 0, 1]), 2, ())
        >>> logits, y = torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1])
        >>> [round(training_loss(name, split)(logits, y).item(), 3) for name in LOSSES]
        [1.127, 2.169, 1.593]
    """
    if choose("loss", name, LOSSES) == "balanced":
        weights = class_weights(split)
        # Not divided by the weights in the batch: so rare classes count alike over all batches.
        return lambda logits, y: (
            functional.cross_entropy(logits, y, weight=weights.to(logits), reduction="sum")
            / labels_in(y)
        )
    if name == "logit-adjusted":
        priors = log_priors(split)
        return lambda logits, y: functional.cross_entropy(
            logits + priors.to(logits).view(-1, *(1,) * (logits.ndim - 2)), y
        )
    return functional.cross_entropy


def labels_in(y: Tensor) -> int:
    """How many labels a batch has: one a sample, or all that are known of its positions."""
    return len(y) if y.ndim == 1 else int((y >= 0).sum())


def validation_weights(name: str, split: Split) -> Tensor | None:
    """Class weights of the validation loss; None where every sample counts alike.

    Losses that care for rare classes are stopped by the class-balanced cross-entropy of the
    network's own logits, however many samples of each class there are.
    """
    return None if name == "plain" else class_weights(split)
