"""Training images that differ from epoch to epoch: mirrored, and shifted within a black margin."""

import torch
from torch.nn.functional import pad

from leastloss.data.container import Data
from leastloss.data.label_maps import is_map
from leastloss.errors import InputError, choose

AUGMENTATIONS: dict[str, str] = {
    "auto": "flip+crop for CIFAR-10, crop for GTSRB (a sign has a direction), else none",
    "none": "images as they are",
    "flip": "each image is mirrored, left to right, with probability 1/2",
    "crop": "each image is cut at a random place out of itself with a margin of an eighth",
    "flip+crop": "both, as in He et al. 2016",
}

_USUAL = {"cifar10": "flip+crop", "cifar10-jpeg": "flip+crop", "gtsrb": "crop"}


def augmentation_for(spec: str, data: Data) -> str:
    """The one of ``AUGMENTATIONS`` that is meant: ``auto`` is that of the data trained on.

    Raises:
        InputError: If there is no such augmentation, or the samples are no images.
    """
    if choose("augment", spec, AUGMENTATIONS) == "auto":
        return _USUAL.get(str(data.recipe.get("name")), "none")
    if spec != "none" and len(data.shape) != 3:
        raise InputError(
            f"augment is {spec!r} and the samples have shape {data.shape}; it needs images"
        )
    if spec != "none" and is_map(data.train.y):
        raise InputError(
            f"augment is {spec!r}, which moves images and not the maps of their labels; leave it "
            "out, and augment the data yourself"
        )
    return spec


def augmented(x: torch.Tensor, spec: str, generator: torch.Generator) -> torch.Tensor:
    """Augment a batch at once; what is given stays as it is.

    Args:
        x: Images (n, C, H, W); with ``none`` any samples.
        spec: ``none``, ``flip``, ``crop`` or ``flip+crop``.
        generator: Where the draws come from, on the CPU: they are the same on every device.

    Returns:
        Images of the same shape, on the same device. The margin of a crop is an eighth of the
        shorter side, 4 of 32 pixels.

    Example:
        >>> x = torch.arange(4.0).view(1, 1, 2, 2).expand(8, -1, -1, -1)
        >>> flipped = augmented(x, "flip", torch.Generator().manual_seed(0))
        >>> sorted({tuple(image.flatten().tolist()) for image in flipped})
        [(0.0, 1.0, 2.0, 3.0), (1.0, 0.0, 3.0, 2.0)]
    """
    if spec == "none":
        return x
    n, _, height, width = x.shape
    if "flip" in spec:
        mirrored = (torch.rand(n, generator=generator) < 0.5).to(x.device)
        x = torch.where(mirrored[:, None, None, None], x.flip(3), x)
    if "crop" in spec:
        margin = max(1, min(height, width) // 8)
        rows, columns = torch.randint(2 * margin + 1, (2, n), generator=generator).to(x.device)
        wide = pad(x, (margin, margin, margin, margin))
        # A view of all windows, of which each image takes one: the copy is that of the result.
        windows = wide.unfold(2, height, 1).unfold(3, width, 1)
        x = windows[torch.arange(n, device=x.device), :, rows, columns]
    return x
