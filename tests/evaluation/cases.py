"""A linear network and samples, whose change under noise has a closed form."""

import torch
from torch import nn

from leastloss.data import Split

CLASSES, WIDTH = 4, 9


def linear(scale=1.0, weight=None):
    layer = nn.Linear(WIDTH, CLASSES, bias=False)
    with torch.no_grad():
        layer.weight.copy_(scale * torch.eye(CLASSES, WIDTH) if weight is None else weight)
    return layer


def split(n=3000, value=None):
    generator = torch.Generator().manual_seed(1)
    x = (
        torch.rand(n, WIDTH, generator=generator)
        if value is None
        else torch.full((n, WIDTH), value)
    )
    return Split(x, torch.arange(n) % CLASSES, CLASSES, (3,))
