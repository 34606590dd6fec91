"""Attacks: the worst small change of each sample that a network's own gradient finds."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from leastloss.data import NoiseScale, Split, _checks, noise_scale
from leastloss.errors import InputError, choose
from leastloss.models import evaluation_mode, matched, untouched
from leastloss.seeds import torch_stream

RADII = (2 / 255, 4 / 255, 8 / 255, 16 / 255, 32 / 255)
"""Largest change of a value at severities 1..5, for values in [0, 1]."""

PGD_STEPS = 10
_BATCH = 512

Radius = torch.Tensor | float
Bounds = tuple[torch.Tensor, torch.Tensor]
Attack = Callable[
    [nn.Module, torch.Tensor, torch.Tensor, Radius, Bounds, torch.Generator], torch.Tensor
]


def fgsm(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    radius: Radius,
    bounds: Bounds,
    generator: torch.Generator,
) -> torch.Tensor:
    """One step of ``radius`` along the sign of the gradient of the cross-entropy."""
    return (x + radius * _gradient(model, x, y).sign()).clamp(*bounds)


def pgd(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    radius: Radius,
    bounds: Bounds,
    generator: torch.Generator,
) -> torch.Tensor:
    """Ten steps of a quarter of ``radius`` from a random start, kept within it."""
    low, high = (x - radius).maximum(bounds[0]), (x + radius).minimum(bounds[1])
    adversarial = x + radius * (2 * torch.rand(x.shape, generator=generator).to(x) - 1)
    adversarial = adversarial.clamp(low, high)
    for _ in range(PGD_STEPS):
        step = 2.5 * radius / PGD_STEPS * _gradient(model, adversarial, y).sign()
        adversarial = (adversarial + step).clamp(low, high)
    return adversarial


ATTACKS: dict[str, Attack] = {"fgsm": fgsm, "pgd": pgd}


def attacked(
    model: nn.Module,
    split: Split,
    name: str,
    severity: int,
    seed: int,
    scale: NoiseScale | None = None,
) -> torch.Tensor:
    """Return the samples of a split, each changed so that ``model`` loses most on it.

    Every network is attacked with its own gradient: the samples differ from network to network,
    the random starts do not. Of binary networks the gradient is the straight-through estimate: it
    says less there, and a small loss of accuracy is no proof of robustness.

    Args:
        model: A differentiable network, attacked in evaluation mode; it is left as it is.
        split: Samples and their labels.
        name: One of `ATTACKS`.
        severity: 1 to 5: no value changes by more than 2, 4, 8, 16, 32 of 255; of samples that are
            not in [0, 1], in units of the scale.
        seed: Of the random starts.
        scale: As :func:`leastloss.data.noise_scale` finds it; of the split itself when omitted.

    Raises:
        InputError: If the name is unknown, the severity not in 1..5, or the logits have no
            gradient.

    Source:
        FGSM: Goodfellow et al. 2015 (arXiv 1412.6572). PGD: Madry et al. 2018 (arXiv 1706.06083),
        with their step of 2.5 radius / steps. The radii double up to 32 / 255, four times the 8
        of 255 that is usual on CIFAR-10; the choice is ours.

    Example:
        >>> split = Split(torch.full((2, 2), 0.5), torch.arange(2), 2, ())
        >>> adversarial = attacked(nn.Identity(), split, "fgsm", 5, seed=0)
        >>> (255 * (adversarial - 0.5)).round().tolist()
        [[-32.0, 32.0], [32.0, -32.0]]
    """
    attack = ATTACKS[choose("attack", name, ATTACKS)]
    scale = noise_scale(split.x) if scale is None else scale
    radius = RADII[_checks.integer("severity", severity, 1, 5) - 1]
    generator = torch_stream(seed, f"noise/{name}/{severity}")
    with untouched(model), evaluation_mode(model):
        parts = [
            attack(model, x, y, radius * scale.width, scale.bounds(x), generator)
            for x, y in zip(split.x.split(_BATCH), split.y.split(_BATCH), strict=True)
        ]
    return torch.cat(parts)


def _gradient(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Gradient of the summed cross-entropy; where it is not finite, nothing is to be gained."""
    with torch.enable_grad():
        inputs = x.detach().clone().requires_grad_()
        logits = model(matched(model, inputs))
        if not logits.requires_grad:
            raise InputError("the network has no gradient in its inputs; leave out the attacks")
        loss = functional.cross_entropy(logits, y.to(logits.device), reduction="sum")
        (gradient,) = torch.autograd.grad(loss, inputs)
    return gradient.nan_to_num(0.0, 0.0, 0.0)
