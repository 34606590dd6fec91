"""What networks of images have in common: the shape of an image, and images from flat samples."""

from math import prod

from torch import Tensor, nn


class OfImages(nn.Module):
    """Base of networks that are built for images of one shape.

    Attributes:
        shape: Of one image: (channels, height, width).

    Example:
        >>> import torch
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
