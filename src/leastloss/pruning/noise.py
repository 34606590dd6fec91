"""Measuring under noise along a path: every step of every path meets the same damaged images."""

import warnings
from collections.abc import Mapping, Sequence
from functools import partial

from torch import Tensor, nn

from leastloss.data import CORRUPTIONS, Split, noise_scale
from leastloss.errors import InputError, choose
from leastloss.evaluation import FAILED, classification_metrics, damaged, measured, predict

NOISE_METRICS = ("accuracy", "balanced_accuracy", "minority_recall")


def read_noise(specs: Sequence[str]) -> list[tuple[str, int]]:
    """Read kinds of noise with their severity.

    Raises:
        InputError: If one has another form, is unknown, not of severity 1 to 5, or named twice.

    Example:
        >>> read_noise(["gaussian:3", "shot:5"])
        [('gaussian', 3), ('shot', 5)]
    """
    if isinstance(specs, str):
        raise InputError(f"noise is the text {specs!r}; give a list, as in ['gaussian:3']")
    pairs = []
    for spec in specs:
        name, _, severity = spec.partition(":")
        choose("corruption", name.strip(), CORRUPTIONS)
        if severity.strip() not in {"1", "2", "3", "4", "5"}:
            raise InputError(f"noise has {spec!r}; write corruption:severity, severity from 1 to 5")
        pairs.append((name.strip(), int(severity)))
    if len(set(pairs)) < len(pairs):
        raise InputError(f"noise is {', '.join(specs)}; each may occur once")
    return pairs


def noisy_splits(
    split: Split, specs: Sequence[str], seed: int, train: Split | None = None
) -> dict[str, Split]:
    """Damage a split by every noise: ``gaussian3`` -> damaged split.

    The noise is that of :func:`leastloss.robustness` with the same seed and training split, and
    like there one warning says how it is scaled where inputs are not in [0, 1].

    Raises:
        InputError: As :func:`read_noise`; or if the samples cannot have a noise.
    """
    pairs = read_noise(specs)
    if not pairs:
        return {}
    scale = noise_scale(split.x, None if train is None else train.x)
    if message := scale.words():
        warnings.warn(message, UserWarning, stacklevel=2)
    return {f"{name}{at}": damaged(split, name, at, seed, scale) for name, at in pairs}


def under_noise(
    model: nn.Module, noisy: Mapping[str, Split]
) -> tuple[dict[str, float], dict[str, str]]:
    """Accuracy, balanced accuracy and minority recall under every noise.

    Returns:
        ``gaussian3_accuracy``, ``gaussian3_balanced_accuracy``, ``gaussian3_minority_recall``, ...,
        NaN where the network gave logits that are not finite; and for each noise with such logits
        the reason, as ``gaussian3_failed``.
    """
    values, failed = dict[str, float](), dict[str, str]()
    for label, split in noisy.items():
        metrics = measured(predict(model, split.x), partial(_chosen_metrics, split))
        reason = str(metrics.pop("failed"))
        values |= {f"{label}_{name}": float(value) for name, value in metrics.items()}
        failed |= {label + FAILED: reason} if reason else {}
    return values, failed


def _chosen_metrics(split: Split, logits: Tensor) -> dict[str, float]:
    metrics = classification_metrics(
        split.rows(logits), split.labels, split.classes, split.minority
    )
    return {name: metrics[name] for name in NOISE_METRICS if name in metrics}
