"""A network with a bias of each class, whose margins are worked out sample by sample."""

import torch
from tests.criteria import unit_cases
from tests.criteria.unit_cases import CLASSES, FEATURES, context, split

from leastloss.models import MLP

__all__ = ["CLASSES", "FEATURES", "context", "mlp", "split"]


def mlp(hidden: tuple[int, ...] = (5, 4)) -> MLP:
    model = unit_cases.mlp(hidden)
    with torch.no_grad():
        model.layers[-1].bias.copy_(torch.tensor([0.3, -0.2, 0.1]))
    return model
