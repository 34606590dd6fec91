"""A small network that was pruned, and the places of its zeros."""

import torch
from torch import nn

import leastloss as ll

GENERATOR = torch.Generator().manual_seed(0)
X = torch.rand(160, 6, generator=GENERATOR)
DATA = ll.Data.from_tensors((X, (X[:, :4].argmax(dim=1))))


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(6, 10), nn.ReLU(), nn.Linear(10, 4))


def zeros(net: nn.Module) -> list[torch.Tensor]:
    return [p.detach() == 0 for p in net.parameters() if p.ndim > 1]


def count(net: nn.Module) -> int:
    return sum(int(zero.sum()) for zero in zeros(net))


def holds(found: nn.Module, before: nn.Module) -> bool:
    return all(
        bool((now | ~then).all()) for now, then in zip(zeros(found), zeros(before), strict=True)
    )
