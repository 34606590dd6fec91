"""Networks of torchvision, untrained, for images of any size that they run on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.errors import InputError, choose
from leastloss.models.images import OfImages, normalization_for
from leastloss.models.running import evaluation_mode, fitting

SMALL_IMAGES = {"vgg11-bn": "vgg11_bn", "mobilenet": "mobilenet_v3_small"}
"""Our names of networks that are cut to small images -> torchvision's."""

_SEVERAL_OUTPUTS = ("googlenet", "inception_v3")  # while training


def torchvision_names() -> list[str]:
    """Names of torchvision's classification networks."""
    from torchvision import models

    return [name for name in models.list_models(module=models) if name not in _SEVERAL_OUTPUTS]


@checked
class TorchvisionNetwork(OfImages):
    """A network of torchvision, without its weights, behind a fixed normalisation.

    Args:
        shape: Shape of one image, (channels, height, width); one channel is repeated to three.
        name: A name of torchvision, as ``resnet18``; or ``vgg11-bn``, its ``vgg11_bn`` with one
            linear layer behind the convolutions, or ``mobilenet``, its ``mobilenet_v3_small`` whose
            first convolution does not halve the image: both for images of 32x32.
        classes: Number of classes.
        normalize: As :class:`leastloss.models.resnet.ResNet` takes it.
        generator: Source of the initial weights; the global one when omitted.

    Raises:
        InputError: If there is no such network, or it does not run on such images.

    Example:
        >>> TorchvisionNetwork((3, 32, 32), "mobilenet", 10)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """

    usual_optimizer = "sgd"

    def __init__(
        self,
        shape: Sequence[int],
        name: str,
        classes: int = 10,
        *,
        normalize: str = "auto",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.shape, self.name, self.classes, self.spec = tuple(shape), name, classes, normalize
        if (
            len(self.shape) != 3
            or self.shape[0] not in (1, 3)
            or min(self.shape) < 1
            or classes < 2
        ):
            raise InputError(
                f"shape={self.shape}, classes={classes}: {name} needs images of one or three "
                "channels, shape (channels, height, width), and two classes or more"
            )
        self.normalize = normalization_for(normalize, self.shape[0])
        with torch.random.fork_rng(enabled=generator is not None):
            if generator is not None:  # torchvision draws from the global generator
                torch.manual_seed(int(torch.randint(2**62, (), generator=generator, device="cpu")))
            network = _built(name, classes)
        self.network = network.to(memory_format=torch.channels_last)
        with fitting(torch.empty(1, *self.shape, device="meta")), evaluation_mode(self):
            self._try()

    @torch.no_grad()
    def _try(self) -> None:
        device = next(self.network.parameters()).device
        try:
            logits = self(torch.zeros(2, *self.shape, device=device))
        except AssertionError as error:  # what some of them say of a wrong size
            raise ValueError(str(error)) from error
        if logits.shape != (2, self.classes):
            raise ValueError(f"it gives {tuple(logits.shape)} for two images")

    @property
    def sizes(self) -> dict[str, object]:
        """The arguments that build a network of this kind and size."""
        sizes = {"shape": self.shape, "name": self.name, "classes": self.classes}
        return sizes | {"normalize": self.spec}

    def forward(self, x: Tensor) -> Tensor:
        """Map pixels of shape (n, ...) in [0, 1] to logits of shape (n, classes)."""
        images = self.normalize(self.as_images(x))
        colour = images.expand(-1, 3, -1, -1)
        logits: Tensor = self.network(colour.contiguous(memory_format=torch.channels_last))
        return logits


def _built(name: str, classes: int) -> nn.Module:
    from torchvision import models

    known = [*SMALL_IMAGES, *torchvision_names()]
    wanted = SMALL_IMAGES.get(choose("model", name, known), name)
    network: nn.Module = models.get_model(wanted, weights=None, num_classes=classes)
    if name == "vgg11-bn":
        network.avgpool = nn.AdaptiveAvgPool2d(1)
        network.classifier = nn.Linear(512, classes)
    elif name == "mobilenet":
        first = network.get_submodule("features.0.0")
        assert isinstance(first, nn.Conv2d)
        first.stride = (1, 1)
    return network
