"""Recovery of BatchNorm statistics, without any gradient."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models import matched
from leastloss.pruning.recovery.base import Recovery, Repair
from leastloss.seeds import torch_stream


@checked
@dataclass(frozen=True, kw_only=True)
class Recalibrate(Recovery):
    """Estimate the running statistics of every BatchNorm layer again, without any gradient.

    One pass over training samples in training mode, with cumulative averages (``momentum=None``),
    so the result does not depend on the old statistics. A network without BatchNorm is unchanged.

    Attributes:
        samples: How many training samples to read, drawn by the seed; all where there are fewer.
        batch_size: Samples per forward pass.
    """

    memoryless: ClassVar[bool] = True
    keeps_weights: ClassVar[bool] = True

    samples: int = 10_000
    batch_size: int = 1024

    def __post_init__(self) -> None:
        """Refuse what BatchNorm has no variance of."""
        if self.samples < 2 or self.batch_size < 2:
            raise InputError(
                f"recalibrate has samples={self.samples}, batch_size={self.batch_size}; both must "
                "be at least 2"
            )

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        """Draw the samples once; every step of a path reads the same."""
        x = data.train.x
        if len(x) > self.samples:
            drawn = torch.randperm(len(x), generator=torch_stream(seed, "recalibrate"))
            x = x[drawn[: self.samples].to(x.device)]
        chunks = x.tensor_split(max(1, round(len(x) / self.batch_size)))
        return lambda model, masks: _refill(model, chunks)


@torch.no_grad()
def _refill(model: nn.Module, chunks: tuple[Tensor, ...]) -> None:
    """Refill the BatchNorm statistics."""
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    tracked = [norm for norm in norms if norm.track_running_stats]
    if not tracked:
        return
    momenta = [norm.momentum for norm in tracked]
    for norm in tracked:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    try:
        for x in chunks:
            model(matched(model, x))
    finally:
        for norm, momentum in zip(tracked, momenta, strict=True):
            norm.momentum = momentum
        model.eval()
