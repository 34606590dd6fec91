"""Small networks and data on which scores of weights are held against brute force, in float64."""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from leastloss.criteria import (
    SNIP,
    Criterion,
    FisherDiagonal,
    Granularity,
    LDATaylor,
    ScatterSlope,
    Scores,
    ScoringContext,
    Taylor,
    Wanda,
)
from leastloss.data import Data, Split, Withheld
from leastloss.models import MLP, BinarizedMLP
from leastloss.models.layers import prunable_layers
from leastloss.pruning import Parts, apply_masks
from leastloss.seeds import stream

CLASSES, SHAPE, COUNTS = 3, (2, 4, 4), (9, 5, 2)


class Residual(nn.Module):
    """Convolutions with groups, strides and reflected edges, a sum, and a head made first."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, CLASSES)
        self.one = nn.Conv2d(2, 4, 3, padding=1, groups=2)
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True)
        self.two = nn.Conv2d(4, 4, 3, padding="same", padding_mode="reflect", bias=False)
        self.three = nn.Conv2d(4, 4, 2, stride=2, dilation=2)

    def forward(self, x: Tensor) -> Tensor:
        h = self.act(self.norm(self.one(x)))
        h = self.three(torch.relu(h + self.two(h)))
        logits: Tensor = self.head(torch.relu(h).mean(dim=(2, 3)))
        return logits


def mlp() -> nn.Module:
    return _settled(MLP(32, (6, 5), CLASSES))


def binary() -> nn.Module:
    return _settled(BinarizedMLP(32, (6, 5), CLASSES))


def residual() -> nn.Module:
    return _settled(Residual())


NETWORKS: list[Callable[[], nn.Module]] = [mlp, binary, residual]


def _settled(model: nn.Module) -> nn.Module:
    """Seeded weights, running statistics that are not trivial, float64."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        nn.init.uniform_(parameter, -0.9, 0.9, generator=generator)
    model.double().train()
    model(split().x.double())
    return model.eval()


def split(counts: tuple[int, ...] = COUNTS, seed: int = 0) -> Split:
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(CLASSES).repeat_interleave(torch.tensor(counts))
    shift = torch.rand(CLASSES, *SHAPE, generator=generator)
    return Split(torch.rand(len(y), *SHAPE, generator=generator) + shift[y], y, CLASSES, (2,))


def context(
    model: nn.Module,
    granularity: Granularity = "weight",
    train: Split | None = None,
    withheld: Withheld | None = None,
) -> ScoringContext:
    masks = {
        name: torch.ones_like(layer.weight, dtype=torch.bool)
        for name, layer in prunable_layers(model).items()
    }
    return ScoringContext(
        model=model,
        masks=masks,
        train=split() if train is None else train,
        granularity=granularity,
        generator=np.random.default_rng(0),
        withheld=withheld,
    )


def shares(train: Split, *, balanced: bool) -> Tensor:
    """What each sample counts in an average, shape (n,), spelled out."""
    counts = torch.bincount(train.y, minlength=CLASSES).double()
    if balanced:
        return 1 / (CLASSES * counts[train.y])
    return torch.full((len(train),), 1 / len(train)).double()


def weights_and_gradients(
    criterion: Criterion, model: nn.Module, *, balanced: bool
) -> tuple[Scores, dict[str, Tensor], dict[str, Tensor], Tensor]:
    """The scores of a criterion; weights, gradients of each sample, and what each sample counts."""
    case = context(model)
    scores = criterion.score(case)
    assert list(scores) == list(case.masks)
    weights = {n: layer.weight.detach() for n, layer in prunable_layers(case.model).items()}
    gradients = sample_gradients(case.model, case.train)
    return scores, weights, gradients, shares(case.train, balanced=balanced)


def context_of(
    model: nn.Module, data: Data, granularity: Granularity = "weight", removed: int = 5
) -> tuple[ScoringContext, Parts, np.ndarray]:
    model, parts = copy.deepcopy(model), Parts.of(model, granularity)
    gone = stream(0, "test").permutation(len(parts))[:removed]
    masks = parts.masks(gone)
    apply_masks(model, masks)
    alive = np.ones(len(parts), dtype=bool)
    alive[gone] = False
    return ScoringContext(
        model=model, masks=masks, train=data.train, granularity=granularity,
        generator=stream(0, "scores"),
    ), parts, alive  # fmt: skip


SEEN: list[Callable[..., Criterion]] = [
    Wanda,
    Taylor,
    SNIP,
    FisherDiagonal,
    LDATaylor,
    ScatterSlope,
]


def sample_gradients(model: nn.Module, train: Split) -> dict[str, Tensor]:
    """Gradient of each sample's cross-entropy, by layer, shape (n, *weight.shape)."""
    layers = prunable_layers(model)
    rows: dict[str, list[Tensor]] = {name: [] for name in layers}
    for x, y in zip(train.x.double(), train.y, strict=True):
        loss = functional.cross_entropy(model(x[None]), y[None])
        gradients = torch.autograd.grad(loss, [layer.weight for layer in layers.values()])
        for name, gradient in zip(layers, gradients, strict=True):
            rows[name].append(gradient)
    return {name: torch.stack(each) for name, each in rows.items()}
