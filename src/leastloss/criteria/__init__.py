"""What a part of a network is worth: one interface, one file per criterion, one registry."""

from leastloss.criteria.base import (
    GRANULARITIES,
    Criterion,
    Granularity,
    Scores,
    ScoringContext,
)
from leastloss.criteria.magnitude import Magnitude
from leastloss.criteria.mils import MILS
from leastloss.criteria.neural_collapse import NeuralCollapse
from leastloss.criteria.random import Random
from leastloss.criteria.registry import CRITERIA, as_criterion, criteria

__all__ = [
    "CRITERIA",
    "GRANULARITIES",
    "MILS",
    "Criterion",
    "Granularity",
    "Magnitude",
    "NeuralCollapse",
    "Random",
    "Scores",
    "ScoringContext",
    "as_criterion",
    "criteria",
]
