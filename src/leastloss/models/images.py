"""What networks of images have in common: one shape, images from flat samples, scaled pixels."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.errors import InputError
from leastloss.options import numbers

NORMALIZATIONS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "half": ((0.5,), (0.5,)),
}
"""Mean and standard deviation of each channel; those of one channel serve for any number."""


class OfImages(nn.Module):
    """Base of networks that are built for images of one shape.

    Attributes:
        shape: Of one image: (channels, height, width).

    Example:
        >>> network = OfImages()
        >>> network.shape = (1, 2, 3)
        >>> network.features, tuple(network.as_images(torch.zeros(5, 6)).shape)
        (6, (5, 1, 2, 3))
    """

    shape: tuple[int, ...]

    @property
    def features(self) -> int:
        """Number of values in one image."""
        return prod(self.shape)

    def as_images(self, x: Tensor) -> Tensor:
        """Samples of shape (n, ...) as images, (n, channels, height, width)."""
        images: Tensor = x.flatten(1).unflatten(1, self.shape)
        return images


@checked
class Normalize(nn.Module):
    """Subtract a mean from each channel and divide by a standard deviation.

    Data sets have pixels in [0, 1]; networks that others trained mostly want them normalised. Put
    this first, and data, noise and the logged model go on speaking of pixels. It has no entry in
    the ``state_dict``.

    Args:
        spec: ``imagenet``, ``cifar10``, ``half`` (to [-1, 1]), or the numbers themselves, means
            before standard deviations: ``0.485,0.456,0.406/0.229,0.224,0.225``.

    Raises:
        InputError: If it is none of these, or a standard deviation is not positive.

    Example:
        >>> network = nn.Sequential(Normalize("imagenet"), nn.Flatten(), nn.Linear(12, 2))
        >>> list(network.state_dict())
        ['2.weight', '2.bias']
        >>> Normalize("0.5/0.25")(torch.ones(1, 1, 1, 1)).item()
        2.0
    """

    mean: Tensor
    std: Tensor

    def __init__(self, spec: str = "imagenet") -> None:
        super().__init__()
        self.spec = spec
        mean, std = read_normalization(spec)
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values).view(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise images of shape (n, C, H, W)."""
        return (x - self.mean) / self.std


def read_normalization(spec: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Means and standard deviations that a spec names or spells; else an InputError.

    Example:
        >>> read_normalization("0.5/0.25")
        ((0.5,), (0.25,))
    """
    if spec in NORMALIZATIONS:
        return NORMALIZATIONS[spec]
    means, _, deviations = spec.partition("/")
    try:
        mean, std = (numbers(text, float, "normalize") for text in (means, deviations))
    except InputError:
        mean = std = ()
    if not mean or len(mean) != len(std) or not all(0 < value < float("inf") for value in std):
        raise InputError(
            f"normalize is {spec!r}; it must be one of {', '.join(NORMALIZATIONS)}, or means and "
            "positive standard deviations, like 0.5,0.5,0.5/0.2,0.2,0.2"
        )
    return mean, std


def normalization_for(spec: str, channels: int) -> nn.Module:
    """The first step of a network for images of so many channels.

    Args:
        spec: As :class:`Normalize` takes it; ``none``; or ``auto``: ``imagenet`` for three
            channels, which most published networks were trained with, else ``half``.
        channels: Channels of the images.

    Raises:
        InputError: If it is of another number of channels.

    Example:
        >>> normalization_for("auto", 1).spec
        'half'
    """
    if spec == "none":
        return nn.Identity()
    if spec == "auto":
        spec = "imagenet" if channels == 3 else "half"
    mean, _ = read_normalization(spec)
    if len(mean) not in (1, channels):
        raise InputError(
            f"normalize is {spec!r}, of {len(mean)} channels; the images have {channels}"
        )
    return Normalize(spec)
