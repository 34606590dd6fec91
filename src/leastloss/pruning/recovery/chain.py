"""Several recoveries one after the other, as one."""

from dataclasses import dataclass

from torch import nn

from leastloss.activations import Draws
from leastloss.arguments import checked
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models import Masks
from leastloss.pruning.recovery.base import Recovery, Repair


@checked
@dataclass(frozen=True, kw_only=True)
class Chain(Recovery):
    """Repair by several recoveries, each on what the one before it left.

    Attributes:
        links: The recoveries in their order; at least two.
    """

    links: tuple[Recovery, ...]

    def __post_init__(self) -> None:
        """Refuse chains that are none."""
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
