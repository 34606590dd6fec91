"""A pair of tensors that stands for a data set."""

import torch

from leastloss.data import Split


def pair(n: int = 50, classes: int = 5, features: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.arange(n * features, dtype=torch.float32).reshape(n, features) / (n * features)
    return x, torch.arange(n) % classes


def rows(*splits: Split) -> list[list[float]]:
    return sorted(torch.cat([split.x for split in splits]).tolist())


X, Y = pair(20, 2)
