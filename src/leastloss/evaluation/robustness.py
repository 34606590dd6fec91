"""Networks under noise: every network sees the same damaged images, so differences are paired."""

import warnings
from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import torch
from torch import nn
from tqdm.auto import tqdm

from leastloss.arguments import checked
from leastloss.data import Split, applicable, is_map, noise_scale
from leastloss.errors import InputError, choose
from leastloss.evaluation.noise_effect import (
    failure,
    measured,
    noise_metrics,
    with_sensitivity_ratio,
)
from leastloss.evaluation.prediction import predict
from leastloss.evaluation.under_noise import Seen, check_noise, prepare_noise

SEVERITIES = (1, 2, 3, 4, 5)
CLEAN = "clean"
NOISE_WORDS = ("model", "corruption", "noise_scale", "failed", "note")
"""Columns of words in the tables of robustness and in their summaries; all others hold numbers."""


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
    train: Split | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Evaluate one network without noise and under every noise and severity.

    Args:
        model: Maps (n, ...) to logits (n, C).
        split: The samples. Noise is defined for values in [0, 1]; of other samples it is scaled to
            their own range or standard deviations (:func:`leastloss.data.noise_scale`), which one
            warning says, and the column ``noise_scale``.
        corruptions: Names in ``leastloss.data.CORRUPTIONS``, and ``weight-noise``; by default all
            that the samples can have: twelve of images (n, C, H, W), four of other samples in
            [0, 1], two of tables.
        severities: Of 1 (slight) to 5 (severe).
        attacks: ``fgsm`` and ``pgd``, for differentiable networks.
        seed: Of the noise. A (seed, corruption, severity) gives the same noise for every model.
        reference: The dense network, to which the sensitivity is compared.
        train: The training split, whose range or standard deviations are the scale of the noise;
            of ``split`` itself when omitted.
        progress: Whether to show a progress bar.

    Returns:
        The table of :func:`robustness_of` without its column ``model``.

    Raises:
        InputError: As :func:`robustness_of`.

    Example:
        >>> split = Split(torch.eye(3), torch.arange(3), 3, (2,))
        >>> table = robustness(nn.Identity(), split, corruptions=["gaussian"], severities=[1, 5])
        >>> table[["corruption", "severity"]].values.tolist()
        [['clean', 0], ['gaussian', 1], ['gaussian', 5]]
    """
    models = {"model": model} | ({} if reference is None else {"reference": reference})
    table = robustness_of(
        models,
        split,
        corruptions=corruptions,
        severities=severities,
        attacks=attacks,
        seed=seed,
        reference=None if reference is None else "reference",
        train=train,
        progress=progress,
    )
    return table[table["model"] == "model"].drop(columns="model").reset_index(drop=True)


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
    train: Split | None = None,
    progress: bool = False,
    seen: Seen | None = None,
) -> pd.DataFrame:
    """Evaluate several networks on the same damaged images; each image is damaged once.

    Args:
        models: Name -> network, each mapping (n, ...) to logits (n, C).
        split: As for :func:`robustness`.
        corruptions: As for :func:`robustness`.
        severities: Of 1 (slight) to 5 (severe).
        attacks: As for :func:`robustness`; each network is attacked by its own gradient.
        seed: Of the noise.
        reference: Name of the network that the others' sensitivity is divided by.
        train: As for :func:`robustness`.
        progress: Whether to show a progress bar.
        seen: Called with corruption, severity and damaged samples, to make pictures of them.

    Returns:
        A row per corruption, severity and model; first the rows ``clean``, severity 0. Columns:
        model, corruption, severity; all of :func:`classification_metrics`; ``calibration_error``;
        ``flip_rate``, the share of predictions that differ from the same model's without noise;
        ``sensitivity`` and ``sensitivity_class_<k>`` (of the class's samples alone), in units of
        logits per unit of root mean square input change, NaN where no input changed; with a
        reference, ``sensitivity_ratio``; ``noise_scale``, the unit of noise; and ``failed``,
        the reason where a model gave logits that are not finite, whose numbers are then all NaN,
        else empty. Without noise failed is failed throughout.

    Raises:
        InputError: If there is no model, a name is unknown, a severity outside 1..5, a corruption
            needs images and there are none, or a network cannot be attacked.

    Source:
        Corruptions: :mod:`leastloss.data.corruptions.registry`. The sensitivity is
        ``mean ||f(x + eps) - f(x)||_2 / (sigma sqrt(d))``, ``sigma`` the root mean square of
        ``eps`` as it was applied, after clipping: one formula for every noise, d the
        number of values in a sample.
    """
    if not models:
        raise InputError("there is no model to evaluate; at least 1 is needed")
    if reference is not None:
        choose("model", reference, models)
    scale = noise_scale(split.x, None if train is None else train.x)
    chosen = (
        applicable(split.x, scale, maps=is_map(split.y)) if corruptions is None else corruptions
    )
    check_noise(chosen, severities, attacks, split, scale)
    if reason := scale.words():
        warnings.warn(reason, UserWarning, stacklevel=2)
    clean = {name: predict(model, split.x) for name, model in models.items()}
    lost = {name: f"without noise, {reason}" for name in clean if (reason := failure(clean[name]))}
    still = torch.zeros(len(split))
    pairs = [(noise, severity) for noise in (*chosen, *attacks) for severity in severities]
    rows: list[dict[str, str | float]] = []
    for noise, severity in tqdm(
        [(CLEAN, 0), *pairs], desc="robustness", unit="noise", disable=None if progress else True
    ):
        if noise != CLEAN:
            logits_under_noise = prepare_noise(split, noise, severity, seed, seen, scale)
        outcomes = {}
        for name, model in models.items():
            if noise == CLEAN or name in lost:
                logits, squared_changes = clean[name], still
            else:
                logits, squared_changes = logits_under_noise(model)
            measure = partial(
                noise_metrics, clean=clean[name], split=split, squared_changes=squared_changes
            )
            outcomes[name] = measured(logits, measure, lost.get(name, ""))
        for name, row in outcomes.items():
            about: dict[str, str | float] = {"model": name, "corruption": noise}
            if reference is not None:
                row = with_sensitivity_ratio(row, outcomes[reference])
            rows.append(about | {"severity": severity} | row | {"noise_scale": scale.kind})
    return pd.DataFrame(rows)
