"""What is repaired after a step: the interface of all recoveries, and the one that does nothing."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from torch import nn

from leastloss.activations import Draws
from leastloss.arguments import checked
from leastloss.data import Data
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
