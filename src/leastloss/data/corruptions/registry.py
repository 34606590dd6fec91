"""Damage to images, at the severities of the literature.

Numbers are those of MNIST-C (Mu & Gilmer 2019, arXiv 1906.02337; its ``corruptions.py``), which has
those it shares with ImageNet-C (Hendrycks & Dietterich 2019, arXiv 1903.12261) from there. A new
corruption is one function and one line of `CORRUPTIONS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from leastloss.data.corruptions import values
from leastloss.data.corruptions.blurs import gaussian_blur, motion_blur, pixelate
from leastloss.data.corruptions.geometry import occlusion, rotation, translation

Function = Callable[[torch.Tensor, Any, torch.Generator], torch.Tensor]
Five = tuple[Any, Any, Any, Any, Any]


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """One way to damage images.

    Attributes:
        name: What it is called.
        summary: What it does, and what its parameter is.
        severities: Its parameter at severities 1..5.
        function: Maps samples, the parameter and a generator to damaged samples of the same
            shape, not yet clipped.
        images: Whether it needs images (n, C, H, W); else it takes samples of any shape.
        source: Where the parameters come from.
    """

    name: str
    summary: str
    severities: Five
    function: Function
    images: bool = False
    source: str = ""

    @property
    def moves(self) -> bool:
        """Whether what is seen moves away from where its labels are."""
        return self.function in (rotation, translation)


_BOTH = "ImageNet-C, MNIST-C"
_SCALED = "pixels of 28 x 28, scaled with the shorter side"

# Name, function, needs images, parameter at severities 1..5, what it does (parameter), source.
_TABLE: tuple[tuple[str, Function, bool, Five, str, str], ...] = (
    ("gaussian", values.gaussian, False, (0.08, 0.12, 0.18, 0.26, 0.38),
     "normal noise on every pixel (sigma)", _BOTH),
    ("shot", values.shot, False, (60, 25, 12, 5, 3),
     "Poisson noise of few photons (photons per white pixel)", _BOTH),
    ("impulse", values.impulse, False, (0.03, 0.06, 0.09, 0.17, 0.27),
     "pixels that turn black or white (share)", _BOTH),
    ("speckle", values.speckle, False, (0.15, 0.2, 0.35, 0.45, 0.6),
     "normal noise in proportion to the pixel (sigma)", _BOTH),
    ("gaussian-blur", gaussian_blur, True, (1, 2, 3, 4, 6),
     "out of focus (sigma)", f"MNIST-C; {_SCALED}"),
    ("motion-blur", motion_blur, True, ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
     "moved along a line of random angle (radius, sigma)", f"MNIST-C; {_SCALED}"),
    ("brightness", values.brightness, True, (0.1, 0.2, 0.3, 0.4, 0.5),
     "more light (added to the value of HSV)", _BOTH),
    ("contrast", values.contrast, True, (0.4, 0.3, 0.2, 0.1, 0.05),
     "less contrast (share that is left)", _BOTH),
    ("pixelate", pixelate, True, (0.6, 0.5, 0.4, 0.3, 0.25),
     "coarse pixels (share of each side)", _BOTH),
    ("rotation", rotation, True, (0.2, 0.4, 0.6, 0.8, 1.0),
     "turned about the centre, either way (radians)", "MNIST-C"),
    ("translation", translation, True, (1, 2, 3, 4, 5),
     "moved along both axes, either way (pixels)", f"MNIST-C; {_SCALED}"),
    ("occlusion", occlusion, True, (0.125, 0.25, 0.375, 0.5, 0.625),
     "a black square somewhere (its side, share of the shorter side)",
     "2, 4 and 5: Cutout's 8, 16 and 20 of 32 pixels (arXiv 1708.04552); 1 and 3: ours"),
)  # fmt: skip

CORRUPTIONS: dict[str, Corruption] = {
    name: Corruption(
        name=name,
        summary=summary,
        severities=severities,
        function=function,
        images=images,
        source=source,
    )
    for name, function, images, severities, summary, source in _TABLE
}
