"""The one interface of all criteria: a model and its training data in, one score per part out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import nn

from leastloss.activations import Draws
from leastloss.criteria.scoring.polarity import in_turns, negative
from leastloss.data import Split, Withheld
from leastloss.errors import InputError
from leastloss.models import Masks, Units, chain_units
from leastloss.specs import write_spec

Granularity: TypeAlias = Literal["weight", "unit"]
GRANULARITIES: tuple[Granularity, ...] = ("weight", "unit")
NEARLY = 1.25  # largest class over smallest, as in MNIST: nobody would call it imbalanced
Scores: TypeAlias = dict[str, NDArray[np.float64]]
"""Layer name -> scores: of the weight's shape, or (units,) for hidden units. Lower goes first."""


@dataclass(frozen=True, kw_only=True)
class ScoringContext:
    """All that a criterion may see.

    Attributes:
        model: The network with its masks applied, in evaluation mode. Criteria leave it as it is.
        masks: What is still there; layers in the order in which parts are numbered.
        train: The split the network was trained on; no score sees any other data.
        granularity: Whether the parts are single weights or hidden units.
        generator: The random stream of this scoring.
        balance: Whether an exact order takes turns between weights of +1 and of -1. Scores do not
            depend on it: there the pruning loop sees to the balance.
        withheld: The training images that imbalance took away, if any: for the score that shows
            what a leak of them is worth (``scatter-slope:leak=true``), and for no other.
        draws: The draws of training samples of this path, with what was computed on them; the
            repair reads the same ones.
        coupled: The hidden units; those of a chain of layers when omitted.
    """

    model: nn.Module
    masks: Masks
    train: Split
    granularity: Granularity
    generator: np.random.Generator
    balance: bool = False
    withheld: Withheld | None = None
    draws: Draws = field(default_factory=Draws)
    coupled: Units | None = None

    @property
    def units(self) -> Units:
        """The hidden units, in the order in which parts are numbered.

        Raises:
            InputError: If they are not given, and the network is no chain of layers.
        """
        return chain_units(self.model) if self.coupled is None else self.coupled


def order_by(scores: Scores, context: ScoringContext, k: int) -> NDArray[np.int64]:
    """The ``k`` lowest of the weights that are there, ties in random order.

    The exact sequential order where the score of a weight does not depend on the other weights.
    """
    flat = np.concatenate([scores[name].ravel() for name in context.masks])
    masks = [mask.flatten().cpu().numpy() for mask in context.masks.values()]
    alive = np.flatnonzero(np.concatenate(masks))
    ties = context.generator.random(len(alive))
    order = alive[np.lexsort((ties, flat[alive]))]
    if context.balance:
        order = in_turns(order, negative(context.model, context.masks)[order], min(k, len(order)))
    return order[:k]


class Criterion(ABC):
    """What a part of a network is worth.

    A criterion is a frozen dataclass whose fields are its options; a subclass sets ``name`` and
    ``summary`` and implements ``score``.

    Attributes:
        static: Whether no removal changes the score of another weight; so one sort is the exact
            sequential order of weights.
        by_weights: Whether scores follow from weights and masks alone, whatever the data.
        units_only: Whether single weights have no score.
        told_by_name: Options that ``name`` tells already.
        sequential_only: Options that have no meaning but under the schedule ``sequential``.
    """

    static: ClassVar[bool] = False
    by_weights: ClassVar[bool] = False
    units_only: ClassVar[bool] = False
    told_by_name: ClassVar[tuple[str, ...]] = ()
    sequential_only: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        """The name in the registry, in tables and in runs."""
        return type(self).__name__.lower()

    @property
    def summary(self) -> str:
        """One line on what the criterion measures."""
        return (type(self).__doc__ or "").partition("\n")[0]

    @property
    def label(self) -> str:
        """The spec: the name and the options that are not at their defaults."""
        return write_spec(self, self.name, self.told_by_name)

    def check_schedule(self, schedule: str) -> None:
        """Refuse options that a schedule would ignore.

        Raises:
            InputError: If one of ``sequential_only`` is set under another schedule.
        """
        idle = [n for n in self.sequential_only if getattr(self, n) != getattr(type(self), n)]
        if idle and schedule != "sequential":
            raise InputError(
                f"{self.label!r} sets {' and '.join(idle)}, which the schedule {schedule!r} would "
                "ignore; use 'sequential'"
            )

    def facts(self, context: ScoringContext) -> dict[str, int]:
        """What a user should know about this criterion on this network and data, by name.

        Here: that the option ``balanced`` changes nothing where all classes have as many samples,
        and little where the largest has less than 1.25 times as many as the smallest.

        It is asked before anything is scored, also of networks that are yet to be trained.

        Raises:
            InputError: If the criterion has no meaning for such a network or such data.
        """
        counts = context.train.counts()
        if not hasattr(self, "balanced") or counts.max() >= NEARLY * counts.min():
            return {}
        if (counts == counts[0]).all():
            return {"equal_classes_so_balance_changes_nothing": len(counts)}
        return {"nearly_equal_classes_so_balance_changes_little": len(counts)}

    @abstractmethod
    def score(self, context: ScoringContext) -> Scores:
        """Score every part; lower is removed first.

        Returns:
            One array per layer of ``context.masks`` (weights), or per hidden layer (units), in
            that order. Values of parts that are already pruned are ignored and may be NaN.

        Raises:
            InputError: If the criterion has no meaning for this model or granularity.
        """

    def removal_order(self, context: ScoringContext, k: int) -> NDArray[np.int64] | None:
        """The next ``k`` parts to go when everything is scored again after every removal.

        Parts are numbered over the concatenation of the score arrays, in C order. None lets the
        pruning loop score and remove one part at a time; so does the default, but for the weights
        of a ``static`` criterion. An order honours ``context.balance``.
        """
        if self.static and context.granularity == "weight":
            return order_by(self.score(context), context, k)
        return None
