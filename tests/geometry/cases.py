"""Class statistics on which discriminants are checked."""

from itertools import combinations

import torch

from leastloss.geometry import (
    ClassStatistics,
    class_statistics,
)


def sample(
    n: int = 60, d: int = 4, classes: int = 3, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    labels[: n // 3] = 0  # imbalanced
    shift = torch.randn(classes, d, generator=generator)
    return torch.randn(n, d, generator=generator) + shift[labels], labels


GAMMA = 0.01


def statistics(seed: int = 0, d: int = 6, classes: int = 4, n: int = 60) -> ClassStatistics:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    means = torch.randn(classes, d, dtype=torch.float64, generator=generator)
    mix = torch.randn(d, d, dtype=torch.float64, generator=generator)  # correlated features
    noise = torch.randn(n, d, dtype=torch.float64, generator=generator) @ mix
    return class_statistics(means[labels] + noise, labels)


def refit(found: ClassStatistics, kept: list[int]) -> tuple[float, dict[tuple[int, int], float]]:
    """Separation of the kept features, mean and by pair, with the ridge of all features."""
    ridge = GAMMA * found.within.trace() / len(found.within)
    block = found.within[kept][:, kept] + ridge * torch.eye(len(kept), dtype=torch.float64)
    inverse = torch.linalg.inv(block)
    whole = float((inverse @ found.between[kept][:, kept]).trace())
    pairs = {}
    for a, b in combinations(range(len(found.means)), 2):
        gap = (found.means[a] - found.means[b])[kept]
        pairs[a, b] = float(gap @ inverse @ gap)
    return whole, pairs


def brute_losses(found: ClassStatistics, kept: list[int], protect: float) -> dict[int, float]:
    whole, pairs = refit(found, kept)
    losses = {}
    for unit in kept:
        less, fewer = refit(found, [j for j in kept if j != unit])
        worst = max(1 - fewer[pair] / pairs[pair] for pair in pairs)
        losses[unit] = protect * worst + (1 - protect) * (1 - less / whole)
    return losses
