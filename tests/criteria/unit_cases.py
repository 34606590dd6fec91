"""Small data and networks on which scores of the features of classes are checked."""

import numpy as np
import torch
from torch import nn

from leastloss.criteria.base import Granularity, ScoringContext
from leastloss.data import Split
from leastloss.models import MLP
from leastloss.models.layers import prunable_layers

FEATURES, CLASSES, COUNTS = 6, 3, (12, 7, 3)


def split(shape: tuple[int, ...] = (FEATURES,), seed: int = 0) -> Split:
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(CLASSES).repeat_interleave(torch.tensor(COUNTS))
    shift = torch.rand(CLASSES, *shape, generator=generator)
    return Split(torch.rand(len(y), *shape, generator=generator) + shift[y], y, CLASSES, (1, 2))


def context(
    model: nn.Module, data: Split | None = None, granularity: Granularity = "unit"
) -> ScoringContext:
    masks = {
        name: torch.ones_like(layer.weight, dtype=torch.bool)
        for name, layer in prunable_layers(model).items()
    }
    return ScoringContext(
        model=model.eval(),
        masks=masks,
        train=split() if data is None else data,
        granularity=granularity,
        generator=np.random.default_rng(0),
    )


def mlp(hidden: tuple[int, ...] = (8, 6), seed: int = 0) -> MLP:
    return MLP(FEATURES, hidden, CLASSES, generator=torch.Generator().manual_seed(seed))
