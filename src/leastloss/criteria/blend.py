"""Magnitude with information loss as a prior, or with chance as the control for that."""

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from leastloss.arguments import checked
from leastloss.criteria.base import Criterion, Scores, ScoringContext
from leastloss.criteria.magnitude import Magnitude
from leastloss.criteria.mils import MILS
from leastloss.criteria.random import Random
from leastloss.criteria.scoring.unit_statistics import alive_units
from leastloss.errors import InputError, choose

_DIGITS = 15  # of a float64
PRIORS: dict[str, str] = {
    "mils": "the information loss that MILS ranks by",
    "random": "uniform draws, one per part and path: what any disturbance of magnitudes does",
}


@checked
@dataclass(frozen=True, kw_only=True)
class Blend(Criterion):
    """Ranks of magnitude and of a prior, mixed.

    The score is ``(1 - share) rank(|w|) + share rank(prior)``, where the ranks run over all parts
    that are there, scaled to [0, 1]; equal values share their mean rank. Units: norms and losses of
    units.

    Attributes:
        prior: ``mils``, or ``random`` as the control.
        share: Weight of the prior in [0, 1]; 0 is exactly the order of magnitude.
        tie_only: The prior decides among equal magnitudes alone, rounded to ``decimals``; ``share``
            has no say.
        decimals: Of the magnitudes, with ``tie_only``.
        complexity: As for MILS.
        strategy: As for MILS.
        boundary: As for MILS.
        block: As for MILS.
        pooled: As for MILS.

    Raises:
        InputError: If an option is unknown or out of range.

    Example:
        >>> Blend(share=0.5).label
        'blend:share=0.5'
    """

    name: ClassVar[str] = "blend"
    by_weights: ClassVar[bool] = True
    summary: ClassVar[str] = "magnitude with MILS as a prior: a weighted mean of their ranks"

    prior: str = "mils"
    share: float = 0.1
    tie_only: bool = False
    decimals: int = 2
    complexity: str = "bdm"
    strategy: str = "min_absolute"
    boundary: str = "periodic"
    block: int = 4
    pooled: bool = True

    def __post_init__(self) -> None:
        """Refuse what has no meaning before anything is scored."""
        choose("prior", self.prior, PRIORS)
        if not 0 <= self.share <= 1:
            raise InputError(f"share is {self.share}; it must lie in [0, 1]")
        if not 0 <= self.decimals <= _DIGITS:
            raise InputError(f"decimals is {self.decimals}; it must lie between 0 and {_DIGITS}")
        self._mils()

    def _mils(self) -> MILS:
        return MILS(
            complexity=self.complexity,
            strategy=self.strategy,
            boundary=self.boundary,
            block=self.block,
            pooled=self.pooled,
        )

    def _prior(self, context: ScoringContext) -> Scores:
        if self.prior == "mils":
            return self._mils().score(context)
        # The same draw at every step of a path, for losses persist as well: noise that is drawn
        # anew averages out, and would be the weaker disturbance.
        same = np.random.default_rng(
            cast(np.random.SeedSequence, context.generator.bit_generator.seed_seq)
        )
        return Random().score(replace(context, generator=same))

    def score(self, context: ScoringContext) -> Scores:
        """Score by mixed ranks; see :meth:`Criterion.score`. What is gone gets NaN."""
        magnitudes = Magnitude().score(context)
        worth = self._prior(context)
        if context.granularity == "unit":
            masks = alive_units(context)
        else:
            masks = {name: context.masks[name].cpu().numpy() for name in magnitudes}
        alive = np.concatenate([mask.ravel() for mask in masks.values()])
        size, value = (
            np.concatenate([scores[name].ravel() for name in masks])[alive]
            for scores in (magnitudes, worth)
        )
        flat = np.full(len(alive), np.nan)
        flat[alive] = self._mixed(size, value)
        ends = np.cumsum([mask.size for mask in masks.values()])[:-1]
        pieces = np.split(flat, ends)
        return {n: p.reshape(masks[n].shape) for n, p in zip(masks, pieces, strict=True)}

    def _mixed(self, size: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.tie_only:
            steps: NDArray[np.float64] = rankdata(size.round(self.decimals), method="dense")
            return steps + 0.5 * _ranks(value)
        return (1 - self.share) * _ranks(size) + self.share * _ranks(value)

    def facts(self, context: ScoringContext) -> dict[str, int]:
        """As of MILS."""
        return self._mils().facts(context) if self.prior == "mils" else {}


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks in [0, 1]; equal values share their mean rank."""
    ranks: NDArray[np.float64] = (rankdata(values) - 1) / max(1, len(values) - 1)
    return ranks
