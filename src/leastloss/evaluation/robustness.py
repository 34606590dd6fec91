"""Networks under noise: every network sees the same damaged images, so differences are paired."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import torch
from torch import nn
from tqdm.auto import tqdm

from leastloss.data import CORRUPTIONS, Split, corrupt
from leastloss.errors import InputError
from leastloss.evaluation.metrics import classification_metrics
from leastloss.evaluation.prediction import predict
from leastloss.names import choose
from leastloss.seeds import torch_stream

NOISES = ("gaussian", "shot", "impulse", "speckle")
SEVERITIES = (1, 2, 3, 4, 5)
CLEAN = "clean"


def robustness(
    model: nn.Module,
    split: Split,
    *,
    corruptions: Sequence[str] = NOISES,
    severities: Sequence[int] = SEVERITIES,
    seed: int = 0,
    reference: nn.Module | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Evaluate one network without noise and under every noise and severity.

    Args:
        model: Maps (n, ...) to logits (n, C).
        split: Samples with values in [0, 1].
        corruptions: Names in ``leastloss.data.CORRUPTIONS``.
        severities: Of 1 (slight) to 5 (severe).
        seed: Of the noise. A (seed, corruption, severity) gives the same noise for every model.
        reference: The dense network, to which the sensitivity is compared.
        progress: Whether to show a progress bar.

    Returns:
        The table of :func:`robustness_of` without its column ``model``.

    Raises:
        InputError: As :func:`robustness_of`.

    Example:
        >>> split = Split(torch.eye(3), torch.arange(3), 3, (2,))
        >>> found = robustness(nn.Identity(), split, corruptions=["gaussian"], severities=[1, 5])
        >>> found[["corruption", "severity"]].values.tolist()
        [['clean', 0], ['gaussian', 1], ['gaussian', 5]]
    """
    models = {"model": model} | ({} if reference is None else {"reference": reference})
    found = robustness_of(
        models,
        split,
        corruptions=corruptions,
        severities=severities,
        seed=seed,
        reference=None if reference is None else "reference",
        progress=progress,
    )
    return found[found["model"] == "model"].drop(columns="model").reset_index(drop=True)


def robustness_of(
    models: Mapping[str, nn.Module],
    split: Split,
    *,
    corruptions: Sequence[str] = NOISES,
    severities: Sequence[int] = SEVERITIES,
    seed: int = 0,
    reference: str | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Evaluate several networks on the same damaged images; each image is damaged once.

    Args:
        models: Name -> network, each mapping (n, ...) to logits (n, C).
        split: Samples with values in [0, 1].
        corruptions: Names in ``leastloss.data.CORRUPTIONS``.
        severities: Of 1 (slight) to 5 (severe).
        seed: Of the noise.
        reference: Name of the network that the others' sensitivity is divided by.
        progress: Whether to show a progress bar.

    Returns:
        A row per corruption, severity and model; first the rows ``clean``, severity 0. Columns:
        model, corruption, severity; all of :func:`classification_metrics`; ``flip_rate``, the
        share of predictions that differ from the same model's without noise; ``sensitivity`` and
        ``sensitivity_class_<k>`` (of the class's samples alone), in units of logits per unit of
        root mean square input change, NaN where nothing changed; and, with a reference,
        ``sensitivity_ratio``.

    Raises:
        InputError: If there is no model, a name is unknown, a severity outside 1..5, the values of
            the samples outside [0, 1], or a logit not finite; the message names model and noise.

    Source:
        Severities of ImageNet-C and MNIST-C (arXiv 1903.12261, 1906.02337). The sensitivity is
        ``mean ||f(x + eps) - f(x)||_2 / (sigma sqrt(d))``, ``sigma`` the root mean square of
        ``eps`` as it was applied (clipped to [0, 1]): one formula for every noise, d the
        number of values in a sample.
    """
    if not models:
        raise InputError("there is no model to evaluate; at least 1 is needed")
    if reference is not None:
        choose("model", reference, models)
    for name in corruptions:
        choose("corruption", name, CORRUPTIONS)
    clean = {name: predict(model, split.x) for name, model in models.items()}
    pairs = [(name, severity) for name in corruptions for severity in severities]
    rows = []
    for noise, severity in tqdm(
        [(CLEAN, 0), *pairs], desc="robustness", unit="noise", disable=None if progress else True
    ):
        noisy = split if noise == CLEAN else damaged(split, noise, severity, seed)
        given = (noisy.x - split.x).flatten(1).square().sum(1).cpu()
        found = {}
        for name, model in models.items():
            logits = clean[name] if noise == CLEAN else predict(model, noisy.x)
            try:
                found[name] = _row(logits, clean[name], split, given)
            except InputError as error:
                raise InputError(f"{name} under {noise} {severity}: {error}") from error
        for name, row in found.items():
            if reference is not None:
                row["sensitivity_ratio"] = _ratio(row, found[reference])
            rows.append({"model": name, "corruption": noise, "severity": severity} | row)
    return pd.DataFrame(rows)


def damaged(split: Split, noise: str, severity: int, seed: int) -> Split:
    """The split under a noise; a (seed, noise, severity) always gives the same one.

    Raises:
        InputError: If the noise is unknown, the severity not in 1..5, or the samples not in [0, 1].
    """
    generator = torch_stream(seed, f"noise/{noise}/{severity}", split.x.device)
    return replace(split, x=corrupt(split.x, noise, severity, generator))


def _row(
    logits: torch.Tensor, clean: torch.Tensor, split: Split, given: torch.Tensor
) -> dict[str, float]:
    row = classification_metrics(logits, split.y, split.classes, split.minority)
    row["flip_rate"] = float((logits.argmax(1) != clean.argmax(1)).double().mean())
    moved = (logits - clean).norm(dim=1)
    row["sensitivity"] = sensitivity(moved, given)
    labels = split.y.cpu()
    for k in torch.unique(labels).tolist():
        own = labels == k
        row[f"sensitivity_class_{k}"] = sensitivity(moved[own], given[own])
    return row


def sensitivity(moved: torch.Tensor, given: torch.Tensor) -> float:
    """Return ``mean(moved) / (sigma sqrt(d))``, where sigma^2 d is the mean of ``given``.

    Args:
        moved: Length of the change of each sample's logits, shape (n,).
        given: Squared length of the change of each sample's input, shape (n,).

    Returns:
        The sensitivity, or NaN where no input changed.

    Example:
        >>> sensitivity(torch.tensor([2.0, 4.0]), torch.tensor([1.0, 1.0]))
        3.0
    """
    strength = float(given.double().mean()) ** 0.5
    return float(moved.double().mean()) / strength if strength > 0 else float("nan")


def _ratio(row: Mapping[str, float], reference: Mapping[str, float]) -> float:
    base = reference["sensitivity"]
    return row["sensitivity"] / base if base > 0 else float("nan")
