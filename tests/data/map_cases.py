"""Tiny images with a label for each pixel: ground, squares, and bars, which are rare."""

import torch
from torch import Tensor, nn

NET = """
from torch import nn

def segmenter(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, classes, 1),
    )
"""


def scenes(count: int = 40, void: int = 255) -> tuple[Tensor, Tensor]:
    """Images (n, 1, 8, 8) and labels (n, 8, 8); one corner of each has no label."""
    draws = torch.Generator().manual_seed(0)
    x = 0.3 * torch.rand(count, 1, 8, 8, generator=draws)
    y = torch.zeros(count, 8, 8, dtype=torch.int64)
    for i in range(count):
        row, column = torch.randint(1, 6, (2,), generator=draws).tolist()
        y[i, row : row + 2, column : column + 2] = 1
        x[i, 0, row : row + 2, column : column + 2] += 0.5
        if i % 2:
            row, column = torch.randint(1, 7, (2,), generator=draws).tolist()
            y[i, row, column : column + 2] = 2
            x[i, 0, row, column : column + 2] = 1.0
    y[:, 0, 0] = void
    return x, y


def segmenter(classes: int = 3) -> nn.Sequential:
    """The network of ``NET``, with the same weights each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        scope: dict[str, object] = {}
        exec(NET, scope)  # the text that tests write to a file
        network = scope["segmenter"](1, classes)  # type: ignore[operator]  # a function
    assert isinstance(network, nn.Sequential)
    return network
