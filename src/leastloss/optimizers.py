"""Optimisers with their schedules of the learning rate, as one word with options."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from leastloss.errors import InputError, choose
from leastloss.specs import read_options, split_spec

OPTIMIZERS: dict[str, str] = {
    "auto": "sgd for resnets and networks of torchvision built by name, adam for all others",
    "adam": "Adam; the rate falls from lr to 0 along half a cosine over the epochs",
    "sgd": "SGD with Nesterov momentum; the rate rises to its own lr and falls to 0, one cycle",
}


@dataclass(frozen=True, kw_only=True)
class OneCycle:
    """SGD in one cycle (Smith and Topin 2018, arXiv 1708.07120), with the decay of He et al. 2016.

    Attributes:
        lr: Highest learning rate, reached after three tenths of the steps.
        momentum: Nesterov momentum.
        weight_decay: Of all parameters.
        epochs: Length of the cycle; ``epochs`` of the training may make it shorter.
    """

    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    epochs: int = 20

    def __post_init__(self) -> None:
        """Refuse what no optimiser takes."""
        if not (self.lr > 0 and 0 < self.momentum < 1 and self.weight_decay >= 0):
            raise InputError(
                f"lr={self.lr}, momentum={self.momentum}, weight_decay={self.weight_decay}: "
                "of sgd, lr must be above 0, momentum between 0 and 1 and weight_decay at least 0"
            )
        if self.epochs < 1:
            raise InputError(f"epochs={self.epochs} of sgd; it must be at least 1")


def read_optimizer(spec: str, model: nn.Module | None = None) -> OneCycle | None:
    """What a spec like ``sgd:lr=0.05:epochs=60`` means; None is Adam.

    It is one of ``OPTIMIZERS``, with options; the network decides what ``auto`` is.

    Raises:
        InputError: If there is no such optimiser or option, or a value is out of range.

    Example:
        >>> read_optimizer("sgd:lr=0.05").lr, read_optimizer("auto")
        (0.05, None)
    """
    name, options = split_spec(spec)
    if choose("optimizer", name, OPTIMIZERS) == "auto" and not options:
        name = getattr(model, "usual_optimizer", "adam")
    if name == "sgd":
        values: dict[str, float] = dict(read_options(OneCycle(), options))  # type: ignore[arg-type]  # numbers, as its fields are
        return OneCycle(**values)  # type: ignore[arg-type]  # an int where the field is one
    if options:
        raise InputError(f"{name!r} has no options; {', '.join(options)} given (lr is one itself)")
    return None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """An optimiser, and how its learning rate goes.

    Attributes:
        optimizer: The optimiser.
        epochs: Most epochs.
        by_batch: What is to step after each batch, or None.
        by_epoch: What is to step after each epoch, or None.
    """

    optimizer: torch.optim.Optimizer
    epochs: int
    by_batch: LRScheduler | None = None
    by_epoch: LRScheduler | None = None


def schedule_for(spec: str, model: nn.Module, *, lr: float, epochs: int, batches: int) -> Schedule:
    """Make the optimiser of a network, for so many epochs at most, of so many batches.

    ``lr`` is Adam's first learning rate; ``spec`` and what it raises: see :func:`read_optimizer`.
    """
    cycle = read_optimizer(spec, model)
    if cycle is None:
        adam = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
        cosine = CosineAnnealingLR(adam, T_max=epochs)
        return Schedule(optimizer=adam, epochs=epochs, by_epoch=cosine)
    epochs = min(epochs, cycle.epochs)
    sgd = torch.optim.SGD(
        model.parameters(),
        lr=cycle.lr,
        momentum=cycle.momentum,
        weight_decay=cycle.weight_decay,
        nesterov=True,
    )
    schedule = OneCycleLR(sgd, cycle.lr, total_steps=epochs * batches, cycle_momentum=False)
    return Schedule(optimizer=sgd, epochs=epochs, by_batch=schedule)
