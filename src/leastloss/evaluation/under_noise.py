"""One interface for every kind of noise: of the samples, of the weights, and attacks."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import nn

from leastloss.data import (
    CORRUPTIONS,
    NoiseScale,
    Split,
    _checks,
    check_corruptions,
    corrupt,
    is_map,
)
from leastloss.errors import InputError, choose
from leastloss.evaluation.attacks import ATTACKS, attacked
from leastloss.evaluation.prediction import predict
from leastloss.evaluation.weight_noise import WEIGHT_NOISE, with_weight_noise
from leastloss.seeds import torch_stream

LogitsUnderNoise = Callable[[nn.Module], tuple[torch.Tensor, torch.Tensor]]
"""Network -> its logits under a noise, and the squared length of each sample's change, (n,)."""

Seen = Callable[[str, int, torch.Tensor], None]
"""Called with each corruption: its name, its severity, and the damaged samples."""


def damaged(
    split: Split, noise: str, severity: int, seed: int, scale: NoiseScale | None = None
) -> Split:
    """The split under a corruption; a (seed, corruption, severity) always gives the same one.

    Raises:
        InputError: As :func:`leastloss.data.corrupt`.
    """
    check_corruptions([noise], split.x, scale, maps=is_map(split.y))
    generator = torch_stream(seed, f"noise/{noise}/{severity}", split.x.device)
    return replace(split, x=corrupt(split.x, noise, severity, generator, scale))


def prepare_noise(
    split: Split,
    noise: str,
    severity: int,
    seed: int,
    seen: Seen | None = None,
    scale: NoiseScale | None = None,
) -> LogitsUnderNoise:
    """Prepare a noise for many networks: corrupted samples are made once, for all of them."""
    if noise in ATTACKS:

        def under_attack(model: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
            x = attacked(model, split, noise, severity, seed, scale)
            return predict(model, x), squared_change(x, split.x)

        return under_attack
    if noise == WEIGHT_NOISE:
        none = torch.zeros(len(split))
        return lambda model: (predict(with_weight_noise(model, severity, seed), split.x), none)
    x = damaged(split, noise, severity, seed, scale).x
    if seen is not None:
        seen(noise, severity, x)
    squared_changes = squared_change(x, split.x)
    return lambda model: (predict(model, x), squared_changes)


def squared_change(x: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
    """Squared Euclidean length of the change of each sample, on the CPU, shape (n,)."""
    return (x - clean).flatten(1).square().sum(1).cpu()


def check_noise(
    corruptions: Sequence[str],
    severities: Sequence[int],
    attacks: Sequence[str],
    split: Split,
    scale: NoiseScale | None = None,
) -> None:
    """Refuse what cannot be evaluated before anything is.

    Raises:
        InputError: If a name is unknown or named twice, there is no severity or one outside
            1..5, or the samples cannot have a corruption.
    """
    check_names(corruptions, severities, attacks)
    kinds = [name for name in corruptions if name != WEIGHT_NOISE]
    check_corruptions(kinds, split.x, scale, maps=is_map(split.y))


def check_names(
    corruptions: Sequence[str], severities: Sequence[int], attacks: Sequence[str]
) -> None:
    """Do what can be done of :func:`check_noise` without any samples.

    Raises:
        InputError: As :func:`check_noise`.

    Example:
        >>> check_names(["shot", "weight-noise"], [1, 5], ["fgsm"])
        >>> check_names(["shot"], [0], [])
        Traceback (most recent call last):
        leastloss.errors.InputError: severity is 0; it must be an integer in 1..5
    """
    if len(severities) == 0:
        raise InputError("there is no severity; give at least one in 1..5")
    kinds = {"corruptions": (*CORRUPTIONS, WEIGHT_NOISE), "attacks": tuple(ATTACKS)}
    for kind, names in (("corruptions", corruptions), ("attacks", attacks)):
        if isinstance(names, str):
            raise InputError(f"{kind} is the text {names!r}; give a list, as in [{names!r}]")
        for name in names:
            choose(kind.removesuffix("s"), name, kinds[kind])
    for severity in severities:
        _checks.integer("severity", severity, 1, 5)
    for kind, every in (("corruption", corruptions), ("severity", severities), ("attack", attacks)):
        if len(set(every)) < len(every):
            raise InputError(f"each {kind} may occur once; there are {', '.join(map(str, every))}")
