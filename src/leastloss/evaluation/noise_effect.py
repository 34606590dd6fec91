"""The effect of noise on one network: its metrics, changed predictions, moved logits."""

from collections.abc import Callable, Mapping

import torch

from leastloss.data import Split
from leastloss.evaluation.metrics import calibration_error, classification_metrics


def noise_metrics(
    logits: torch.Tensor, clean: torch.Tensor, split: Split, squared_changes: torch.Tensor
) -> dict[str, float]:
    """Measure one network under one noise.

    Args:
        logits: Under noise, shape (n, C), or (n, C, ...) at positions, finite.
        clean: Of the same network without noise.
        split: The samples, for their labels.
        squared_changes: Squared length of the change of each sample, shape (n,).

    Returns:
        All of :func:`classification_metrics`, ``calibration_error``, ``flip_rate``,
        ``sensitivity`` and ``sensitivity_class_<k>``.
    """
    logits, clean = split.rows(logits), split.rows(clean)
    labels, squared_changes = split.labels.cpu(), split.spread(squared_changes)
    metrics = classification_metrics(logits, labels, split.classes, split.minority)
    metrics["calibration_error"] = calibration_error(logits, labels)
    metrics["flip_rate"] = float((logits.argmax(1) != clean.argmax(1)).double().mean())
    moved = (logits - clean).norm(dim=1)
    metrics["sensitivity"] = sensitivity(moved, squared_changes)
    for k in torch.unique(labels).tolist():
        of_class = labels == k
        metrics[f"sensitivity_class_{k}"] = sensitivity(moved[of_class], squared_changes[of_class])
    return metrics


def measured(
    logits: torch.Tensor, measure: Callable[[torch.Tensor], Mapping[str, float]], lost: str = ""
) -> dict[str, str | float]:
    """Measure logits; if they are not finite, return NaN under the same names, and the reason.

    Args:
        logits: Shape (n, C), finite or not.
        measure: What is called with finite logits.
        lost: Why there is nothing to measure, if that is known already.

    Returns:
        What ``measure`` returns, and ``failed``: the reason, or an empty text. With a reason every
        number is NaN.

    Example:
        >>> bad = torch.tensor([[0.0, float("nan")]])
        >>> measured(bad, lambda logits: {"mean": float(logits.mean())})
        {'mean': nan, 'failed': '1 of 2 logits is NaN or infinite'}
    """
    reason = lost or failure(logits)
    if reason:
        return dict.fromkeys(measure(torch.zeros_like(logits)), float("nan")) | {"failed": reason}
    return {**measure(logits), "failed": ""}


def with_sensitivity_ratio(
    row: Mapping[str, str | float], reference: Mapping[str, str | float]
) -> dict[str, str | float]:
    """Add ``sensitivity_ratio``, to the reference under the same noise; NaN where that is 0.

    Example:
        >>> with_sensitivity_ratio({"sensitivity": 1.0}, {"sensitivity": 2.0})
        {'sensitivity': 1.0, 'sensitivity_ratio': 0.5}
    """
    value, base = float(row["sensitivity"]), float(reference["sensitivity"])
    ratio = {"sensitivity_ratio": value / base if base > 0 else float("nan")}
    return {**row, **ratio}


def sensitivity(moved: torch.Tensor, squared_changes: torch.Tensor) -> float:
    """Return ``mean(moved) / (sigma sqrt(d))``, where sigma^2 d is the mean of ``squared_changes``.

    Args:
        moved: Length of the change of each sample's logits, shape (n,).
        squared_changes: Squared length of the change of each sample's input, shape (n,).

    Returns:
        The sensitivity, or NaN where no input changed.

    Example:
        >>> sensitivity(torch.tensor([2.0, 4.0]), torch.tensor([1.0, 1.0]))
        3.0
    """
    strength = float(squared_changes.double().mean()) ** 0.5
    return float(moved.double().mean()) / strength if strength > 0 else float("nan")


def failure(logits: torch.Tensor) -> str:
    """Describe how many logits are not finite; empty if all are.

    Example:
        >>> failure(torch.tensor([[0.0, float("nan")]])), failure(torch.zeros(1, 2))
        ('1 of 2 logits is NaN or infinite', '')
    """
    bad = int((~torch.isfinite(logits)).sum())
    if not bad:
        return ""
    return f"{bad} of {logits.numel()} logits {'is' if bad == 1 else 'are'} NaN or infinite"
