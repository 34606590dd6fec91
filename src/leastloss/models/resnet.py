"""Residual networks for small images (He et al. 2016, section 4.2) and the one of MLPerf Tiny."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from leastloss.arguments import checked
from leastloss.errors import InputError, choose
from leastloss.models.images import OfImages, normalization_for

SHORTCUTS: dict[str, str] = {
    "pad": "every second pixel, and channels of zeros: option A of He et al. 2016",
    "conv": "a 1x1 convolution with bias, as in MLPerf Tiny",
    "conv-bn": "a 1x1 convolution with BatchNorm: option B",
}
_WIDTHS = (16, 32, 64)
MOST_BLOCKS = 1000


class PaddedShortcut(nn.Module):
    """Option A: every second pixel, and channels of zeros on both sides; it has no weights."""

    def __init__(self, extra: int) -> None:
        super().__init__()
        self.extra = extra

    def forward(self, x: Tensor) -> Tensor:
        """Halve images (n, C, H, W) and give them ``extra`` more channels."""
        before = self.extra // 2
        return functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, before, self.extra - before))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with BatchNorm; the input is added before the last ReLU."""

    def __init__(self, inputs: int, inner: int, width: int, stride: int, shortcut: str) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, inner, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1:
            self.shortcut = _shortcut(shortcut, inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, H, W) to (n, width, H / stride, W / stride)."""
        out = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


def _shortcut(kind: str, inputs: int, width: int, stride: int) -> nn.Module:
    if kind == "pad":
        return PaddedShortcut(width - inputs)
    if kind == "conv":
        return nn.Conv2d(inputs, width, 1, stride)
    return nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))


@checked
class ResNet(OfImages):
    """A residual network of three stages of 16, 32 and 64 channels; the last two halve the image.

    Depth is 6 ``blocks`` + 2. The layers have the names of akamaster/pytorch_resnet_cifar10, from
    which many published checkpoints are.

    Args:
        shape: Shape of one image, (channels, height, width).
        blocks: Blocks of each stage: 3 for ResNet-20, 5 for ResNet-32, 9 for ResNet-56.
        classes: Number of classes.
        shortcut: What stands beside the first block of a stage, one of ``SHORTCUTS``.
        normalize: What the pixels become first, see
            :func:`leastloss.models.images.normalization_for`.
        widths: Channels of the three stages, as :func:`leastloss.compact` may leave them.
        inner: Channels inside each block; those of its stage when omitted.
        generator: Source of the initial weights; the global one when omitted.

    Raises:
        InputError: If ``shape`` is no image, or a number is too small.

    Example:
        >>> network = ResNet((3, 32, 32), blocks=3)
        >>> network(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
        >>> sum(values.numel() for values in network.parameters())
        269722
    """

    usual_optimizer = "sgd"
    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential

    def __init__(
        self,
        shape: Sequence[int],
        blocks: int = 3,
        classes: int = 10,
        *,
        shortcut: str = "pad",
        normalize: str = "auto",
        widths: Sequence[int] = _WIDTHS,
        inner: Sequence[int] | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.shape, self.blocks, self.classes = tuple(shape), blocks, classes
        self.kind_of_shortcut, self.spec = shortcut, normalize
        if (
            len(self.shape) != 3
            or min(self.shape) < 1
            or not 1 <= blocks <= MOST_BLOCKS
            or classes < 2
        ):
            raise InputError(
                f"shape={self.shape}, blocks={blocks}, classes={classes}: a resnet needs images, "
                f"shape (channels, height, width), 1 to {MOST_BLOCKS} blocks and two classes"
            )
        choose("shortcut", shortcut, SHORTCUTS)
        inside = [width for width in widths for _ in range(blocks)] if inner is None else [*inner]
        if len(widths) != 3 or len(inside) != 3 * blocks or min(*widths, *inside) < 1:
            raise InputError(
                f"widths={tuple(widths)}, inner={inside}: a resnet of {blocks} blocks a stage has "
                f"three widths and {3 * blocks} inner ones, all at least 1"
            )
        self.normalize = normalization_for(normalize, self.shape[0])
        self.conv1 = nn.Conv2d(self.shape[0], widths[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        before = widths[0]
        for stage, width in enumerate(widths, start=1):
            layers = [
                BasicBlock(
                    width if block else before,
                    inside[(stage - 1) * blocks + block],
                    width,
                    1 if block or stage == 1 else 2,
                    shortcut,
                )
                for block in range(blocks)
            ]
            setattr(self, f"layer{stage}", nn.Sequential(*layers))
            before = width
        self.linear = nn.Linear(before, classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, generator=generator)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
        # A CPU trains in three fourths of the time of channels first.
        self.to(memory_format=torch.channels_last)

    @property
    def sizes(self) -> dict[str, object]:
        """The arguments that build a network of this kind and size."""
        sizes: dict[str, object] = {
            "shape": self.shape,
            "blocks": self.blocks,
            "classes": self.classes,
        }
        blocks = [block for block in self.modules() if isinstance(block, BasicBlock)]
        widths = [block.bn2.num_features for block in blocks[:: self.blocks]]
        inner = [block.bn1.num_features for block in blocks]
        if [*_WIDTHS] != widths or inner != [w for w in _WIDTHS for _ in range(self.blocks)]:
            sizes |= {"widths": widths, "inner": inner}
        return sizes | {"shortcut": self.kind_of_shortcut, "normalize": self.spec}

    def forward(self, x: Tensor) -> Tensor:
        """Map pixels of shape (n, ...) in [0, 1] to logits of shape (n, classes)."""
        images = self.normalize(self.as_images(x))
        images = images.contiguous(memory_format=torch.channels_last)
        out = functional.relu(self.bn1(self.conv1(images)))
        out = self.layer3(self.layer2(self.layer1(out)))
        logits: Tensor = self.linear(out.mean((2, 3)))
        return logits
