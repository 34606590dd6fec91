"""What is repaired after a step: nothing, BatchNorm statistics, or all weights by training."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from leastloss.data import Data
from leastloss.models.layers import Masks
from leastloss.models.running import matched
from leastloss.names import choose
from leastloss.seeds import torch_stream
from leastloss.training import fit


class Recovery(ABC):
    """Repairs a pruned network in place, without the test split, and keeps its masks.

    Attributes:
        memoryless: Whether the result follows from the dense weights, the masks and the data alone,
            whatever earlier steps did; such networks can be made again at any sparsity.
        keeps_weights: Whether the kept weights stay as they are.
    """

    memoryless: ClassVar[bool] = False
    keeps_weights: ClassVar[bool] = False

    @abstractmethod
    def repair(self, model: nn.Module, masks: Masks, data: Data, seed: int) -> None:
        """Repair; the model comes and leaves with its masks applied, in evaluation mode."""


@dataclass(frozen=True, kw_only=True)
class NoRecovery(Recovery):
    """Leave the pruned network as it is."""

    memoryless: ClassVar[bool] = True
    keeps_weights: ClassVar[bool] = True

    def repair(self, model: nn.Module, masks: Masks, data: Data, seed: int) -> None:
        """Do nothing."""


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

    @torch.no_grad()
    def repair(self, model: nn.Module, masks: Masks, data: Data, seed: int) -> None:
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
            inputs = self._inputs(data, seed)
            for x in inputs.tensor_split(max(1, round(len(inputs) / self.batch_size))):
                model(matched(model, x))
        finally:
            for norm, momentum in zip(tracked, momenta, strict=True):
                norm.momentum = momentum
            model.eval()

    def _inputs(self, data: Data, seed: int) -> Tensor:
        x = data.train.x
        if len(x) <= self.samples:
            return x
        drawn = torch.randperm(len(x), generator=torch_stream(seed, "recalibrate"))[: self.samples]
        return x[drawn.to(x.device)]


@dataclass(frozen=True, kw_only=True)
class Finetune(Recovery):
    """Train on with the masks held; the best epoch by validation loss counts."""

    epochs: int = 5
    lr: float = 1e-3
    batch_size: int = 64

    def repair(self, model: nn.Module, masks: Masks, data: Data, seed: int) -> None:
        """Train for a few epochs; see :func:`leastloss.training.fit`."""
        fit(
            model,
            data,
            epochs=self.epochs,
            patience=self.epochs,
            lr=self.lr,
            batch_size=self.batch_size,
            seed=seed,
            progress=False,
        )


RECOVERIES: dict[str, Callable[[], Recovery]] = {
    "none": NoRecovery,
    "recalibrate": Recalibrate,
    "finetune": Finetune,
}


def as_recovery(recovery: str | Recovery) -> Recovery:
    """Turn a name into a recovery with default options; a recovery stays as it is.

    Raises:
        InputError: If the name is unknown.

    Example:
        >>> as_recovery("finetune")
        Finetune(epochs=5, lr=0.001, batch_size=64)
    """
    if isinstance(recovery, Recovery):
        return recovery
    return RECOVERIES[choose("recovery", recovery, RECOVERIES)]()
