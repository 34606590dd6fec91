"""Scores in, a pruning path out: selection, schedule and recovery are separate axes."""

from leastloss.pruning.loop import prune
from leastloss.pruning.masks import Parts, apply_masks, full_masks, sparsity
from leastloss.pruning.path import PruningPath, Step
from leastloss.pruning.quotas import BALANCES
from leastloss.pruning.recovery import (
    RECOVERIES,
    Finetune,
    NoRecovery,
    Recalibrate,
    Recovery,
    as_recovery,
)
from leastloss.pruning.schedule import SCHEDULES

__all__ = [
    "BALANCES",
    "RECOVERIES",
    "SCHEDULES",
    "Finetune",
    "NoRecovery",
    "Parts",
    "PruningPath",
    "Recalibrate",
    "Recovery",
    "Step",
    "apply_masks",
    "as_recovery",
    "full_masks",
    "prune",
    "sparsity",
]
