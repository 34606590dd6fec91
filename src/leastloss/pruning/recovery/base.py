"""What is repaired after a step: the interface, no repair, and several one after the other."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from torch import nn

from leastloss.activations import Draws
from leastloss.arguments import checked
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models import Masks
from leastloss.specs import write_spec

Repair: TypeAlias = Callable[[nn.Module, Masks], None]
"""Repairs a network in place; it comes and leaves with its masks applied, in evaluation mode."""


class Recovery(ABC):
    """Repairs pruned networks without the test split, and keeps their masks.

    A recovery is a frozen dataclass whose fields are its options; a subclass implements ``begin``.
    """

    @property
    def memoryless(self) -> bool:
        """Whether a result follows from the dense weights, the masks and the data alone.

        Earlier steps do not count then, and such networks can be made again at any sparsity.
        """
        return False

    @property
    def keeps_weights(self) -> bool:
        """Whether the kept weights stay as they are."""
        return False

    @property
    def renews(self) -> bool:
        """Whether it sets weights and biases of all prunable layers anew, whatever they were."""
        return False

    @property
    def stateless(self) -> bool:
        """Whether it changes nothing but these, and that by the network it is handed alone.

        Behind one that ``renews`` them, earlier steps do not count.
        """
        return False

    @property
    def name(self) -> str:
        """The name in the registry."""
        return type(self).__name__.lower()

    @property
    def label(self) -> str:
        """The spec: the name and the options that are not at their defaults."""
        return write_spec(self, self.name, ())

    @abstractmethod
    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        """Get ready for one path, and return what repairs the network of every step.

        Args:
            dense: The network before any removal; it is left as it is. What does not change along
                the path (targets, moments) can be computed here, once.
            data: Only the training and the validation split are read.
            seed: Of whatever is drawn.
        """

    def prepare(self, dense: nn.Module, data: Data, seed: int, draws: Draws) -> Repair:
        """Begin as :meth:`begin`, with the draws of samples that the path's scores read too."""
        return self.begin(dense, data, seed)


@checked
@dataclass(frozen=True, kw_only=True)
class NoRecovery(Recovery):
    """Leave the pruned network as it is."""

    name: ClassVar[str] = "none"
    memoryless: ClassVar[bool] = True
    keeps_weights: ClassVar[bool] = True

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        """Nothing to prepare, nothing to repair."""
        return lambda model, masks: None


@checked
@dataclass(frozen=True, kw_only=True)
class Chain(Recovery):
    """Repair by several recoveries, each on what the one before it left.

    Attributes:
        links: The recoveries in their order; at least two.
    """

    links: tuple[Recovery, ...]

    def __post_init__(self) -> None:
        """Refuse a chain of fewer than two recoveries."""
        if len(self.links) < 2:
            raise InputError(f"a chain needs two recoveries or more; given: {len(self.links)}")

    @property
    def memoryless(self) -> bool:
        """Whether all of them are, or what is kept of earlier steps is renewed first."""
        first, *rest = self.links
        renewed = first.memoryless and first.renews
        return first.memoryless and all(
            link.memoryless or (renewed and link.stateless) for link in rest
        )

    @property
    def keeps_weights(self) -> bool:
        """Whether all of them do."""
        return all(link.keeps_weights for link in self.links)

    @property
    def label(self) -> str:
        """The labels with plus signs, as in ``compensate+finetune:epochs=3``."""
        return "+".join(link.label for link in self.links)

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        """Begin with all of them."""
        return self.prepare(dense, data, seed, Draws())

    def prepare(self, dense: nn.Module, data: Data, seed: int, draws: Draws) -> Repair:
        """Begin with the draws of a path; see :meth:`Recovery.prepare`."""
        repairs = [link.prepare(dense, data, seed, draws) for link in self.links]

        def repair(model: nn.Module, masks: Masks) -> None:
            for repair_link in repairs:
                repair_link(model, masks)

        return repair
