"""A small network with data, and a criterion that empties the last layer first."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

import leastloss as ll
from leastloss.criteria.base import Criterion, Scores, ScoringContext
from leastloss.pruning import PruningPath

X = torch.rand(120, 6, generator=torch.Generator().manual_seed(0))
DATA = ll.Data.from_tensors((X, X[:, :4].argmax(dim=1)))
OPTIONS: dict[str, Any] = {"recovery": "none", "progress": False}


@dataclass(frozen=True, kw_only=True)
class LastFirst(Criterion):
    """Take the last layer first, in one order or score by score."""

    name = "last-first"
    exact: bool = False

    def score(self, context: ScoringContext) -> Scores:
        """Score every weight by its layer and place."""
        return {
            name: np.arange(mask.numel(), dtype=float).reshape(tuple(mask.shape)) - 1000 * i
            for i, (name, mask) in enumerate(context.masks.items())
        }

    def removal_order(self, context: ScoringContext, k: int) -> np.ndarray[Any, Any] | None:
        """The same as an order."""
        if not self.exact:
            return None
        flat = np.concatenate([one.ravel() for one in self.score(context).values()])
        alive = np.concatenate([mask.flatten().numpy() for mask in context.masks.values()])
        order = np.argsort(flat)
        return order[alive[order]][:k]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))


def kept(path: PruningPath, sparsity: float) -> list[int]:
    return [int(mask.sum()) for mask in path.masks_at(sparsity).values()]
