"""Networks under noise: every network sees the same damaged images, so differences are paired."""

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import nn
from tqdm.auto import tqdm

from leastloss.arguments import checked
from leastloss.data import Split, applicable
from leastloss.errors import InputError
from leastloss.evaluation.damage import compared, failure, outcome
from leastloss.evaluation.exposure import Seen, check_noise, exposure
from leastloss.evaluation.prediction import predict
from leastloss.names import choose

SEVERITIES = (1, 2, 3, 4, 5)
CLEAN = "clean"


@checked
def robustness(
    model: nn.Module,
    split: Split,
    *,
    corruptions: Sequence[str] | None = None,
    severities: Sequence[int] = SEVERITIES,
    attacks: Sequence[str] = (),
    seed: int = 0,
    reference: nn.Module | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Evaluate one network without noise and under every noise and severity.

    Args:
        model: Maps (n, ...) to logits (n, C).
        split: Samples with values in [0, 1].
        corruptions: Names in ``leastloss.data.CORRUPTIONS``, and ``weight-noise``; by default all
            twelve corruptions for images (n, C, H, W), and for other samples the four noises.
        severities: Of 1 (slight) to 5 (severe).
        attacks: ``fgsm`` and ``pgd``, for differentiable networks.
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
        attacks=attacks,
        seed=seed,
        reference=None if reference is None else "reference",
        progress=progress,
    )
    return found[found["model"] == "model"].drop(columns="model").reset_index(drop=True)


@checked
def robustness_of(
    models: Mapping[str, nn.Module],
    split: Split,
    *,
    corruptions: Sequence[str] | None = None,
    severities: Sequence[int] = SEVERITIES,
    attacks: Sequence[str] = (),
    seed: int = 0,
    reference: str | None = None,
    progress: bool = False,
    seen: Seen | None = None,
) -> pd.DataFrame:
    """Evaluate several networks on the same damaged images; each image is damaged once.

    Args:
        models: Name -> network, each mapping (n, ...) to logits (n, C).
        split: Samples with values in [0, 1].
        corruptions: As for :func:`robustness`.
        severities: Of 1 (slight) to 5 (severe).
        attacks: As for :func:`robustness`; each network is attacked by its own gradient.
        seed: Of the noise.
        reference: Name of the network that the others' sensitivity is divided by.
        progress: Whether to show a progress bar.
        seen: Called with corruption, severity and damaged samples, to make pictures of them.

    Returns:
        A row per corruption, severity and model; first the rows ``clean``, severity 0. Columns:
        model, corruption, severity; all of :func:`classification_metrics`; ``calibration_error``;
        ``flip_rate``, the share of predictions that differ from the same model's without noise;
        ``sensitivity`` and ``sensitivity_class_<k>`` (of the class's samples alone), in units of
        logits per unit of root mean square input change, NaN where no input changed; with a
        reference, ``sensitivity_ratio``; and ``failed``, the reason where a model gave logits that
        are not finite, whose numbers are then all NaN, else empty. Without noise failed is failed
        throughout.

    Raises:
        InputError: If there is no model, a name is unknown, a severity outside 1..5, the values of
            the samples outside [0, 1], a corruption needs images and there are none, or a network
            cannot be attacked.

    Source:
        Corruptions: :mod:`leastloss.data.corruptions`. The sensitivity is
        ``mean ||f(x + eps) - f(x)||_2 / (sigma sqrt(d))``, ``sigma`` the root mean square of
        ``eps`` as it was applied (clipped to [0, 1]): one formula for every noise, d the
        number of values in a sample.
    """
    if not models:
        raise InputError("there is no model to evaluate; at least 1 is needed")
    if reference is not None:
        choose("model", reference, models)
    chosen = applicable(split.x) if corruptions is None else corruptions
    check_noise(chosen, severities, attacks, split.x)
    clean = {name: predict(model, split.x) for name, model in models.items()}
    lost = {name: f"without noise, {said}" for name in clean if (said := failure(clean[name]))}
    still = torch.zeros(len(split))
    pairs = [(noise, severity) for noise in (*chosen, *attacks) for severity in severities]
    rows: list[dict[str, str | float]] = []
    for noise, severity in tqdm(
        [(CLEAN, 0), *pairs], desc="robustness", unit="noise", disable=None if progress else True
    ):
        if noise != CLEAN:
            expose = exposure(split, noise, severity, seed, seen)
        found = {}
        for name, model in models.items():
            if noise == CLEAN or name in lost:
                logits, given = clean[name], still
            else:
                logits, given = expose(model)
            found[name] = outcome(logits, clean[name], split, given, lost.get(name, ""))
        for name, row in found.items():
            about: dict[str, str | float] = {"model": name, "corruption": noise}
            if reference is not None:
                row = compared(row, found[reference])
            rows.append(about | {"severity": severity} | row)
    return pd.DataFrame(rows)
