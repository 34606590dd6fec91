"""Networks and margins that are worked out sample by sample."""

import numpy as np
import torch
from torch import nn

from leastloss.criteria.base import ScoringContext
from leastloss.data import Split
from leastloss.models import MLP
from leastloss.models.layers import prunable_layers

FEATURES, CLASSES, COUNTS = 6, 3, (12, 7, 3)


def split() -> Split:
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(CLASSES).repeat_interleave(torch.tensor(COUNTS))
    shift = torch.rand(CLASSES, FEATURES, generator=generator)
    return Split(torch.rand(len(y), FEATURES, generator=generator) + shift[y], y, CLASSES, (2,))


def context(model: nn.Module) -> ScoringContext:
    masks = {
        name: torch.ones_like(layer.weight, dtype=torch.bool)
        for name, layer in prunable_layers(model).items()
    }
    return ScoringContext(
        model=model.eval(),
        masks=masks,
        train=split(),
        granularity="unit",
        generator=np.random.default_rng(0),
    )


def mlp(hidden: tuple[int, ...] = (5, 4)) -> MLP:
    model = MLP(FEATURES, hidden, CLASSES, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.layers[-1].bias.copy_(torch.tensor([0.3, -0.2, 0.1]))
    return model
