"""What a part of a network is worth: one interface, one file per criterion, one registry."""

import sys
from types import ModuleType

from leastloss.criteria.base import GRANULARITIES, Criterion, Granularity, Scores, ScoringContext
from leastloss.criteria.blend import Blend
from leastloss.criteria.class_angles import ClassAngles
from leastloss.criteria.fisher_diagonal import FisherDiagonal
from leastloss.criteria.fisher_ratio import FisherRatio
from leastloss.criteria.flips import Flips
from leastloss.criteria.lamp import LAMP
from leastloss.criteria.lamp import lamp_scores as lamp_scores
from leastloss.criteria.lda_taylor import LDATaylor
from leastloss.criteria.magnitude import Magnitude
from leastloss.criteria.margin import Margin
from leastloss.criteria.mils import MILS
from leastloss.criteria.nc1_change import NC1Change
from leastloss.criteria.neural_collapse import NeuralCollapse
from leastloss.criteria.partial_fisher import PartialFisher
from leastloss.criteria.random import Random
from leastloss.criteria.registry import CRITERIA, as_criterion, criteria
from leastloss.criteria.registry import current_label as current_label
from leastloss.criteria.scatter_slope import ScatterSlope
from leastloss.criteria.scoring.polarity import negative as negative
from leastloss.criteria.scoring.polarity import turns as turns
from leastloss.criteria.snip import SNIP
from leastloss.criteria.structured_obs import StructuredOBS
from leastloss.criteria.taylor import Taylor
from leastloss.criteria.ties import Ties
from leastloss.criteria.wanda import Wanda

SeedNC = ScatterSlope
"""The former name of :class:`ScatterSlope`."""

__all__ = [
    "CRITERIA",
    "GRANULARITIES",
    "LAMP",
    "MILS",
    "SNIP",
    "Blend",
    "ClassAngles",
    "Criterion",
    "FisherDiagonal",
    "FisherRatio",
    "Flips",
    "Granularity",
    "LDATaylor",
    "Magnitude",
    "Margin",
    "NC1Change",
    "NeuralCollapse",
    "PartialFisher",
    "Random",
    "ScatterSlope",
    "Scores",
    "ScoringContext",
    "StructuredOBS",
    "Taylor",
    "Ties",
    "Wanda",
    "as_criterion",
    "criteria",
]


class _Room(ModuleType):
    """Lets ``ll.criteria()`` list the criteria although ``ll.criteria`` is this package.

    Importing a subpackage binds its name in the parent, whatever function stood there.
    """

    def __call__(self) -> dict[str, str]:
        return criteria()


sys.modules[__name__].__class__ = _Room
