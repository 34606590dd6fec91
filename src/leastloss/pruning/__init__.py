"""Scores in, a pruning path out: selection, schedule and recovery are separate axes."""

from leastloss.pruning.adjust import Adjust, logit_adjusted
from leastloss.pruning.allocation import ALLOCATIONS
from leastloss.pruning.automatic import recovery_for, spelled
from leastloss.pruning.chain import Chain
from leastloss.pruning.compact import compact
from leastloss.pruning.finetune import Finetune
from leastloss.pruning.loop import prune
from leastloss.pruning.masks import Parts, apply_masks, full_masks, sparsity
from leastloss.pruning.path import PruningPath, Step
from leastloss.pruning.quotas import BALANCES
from leastloss.pruning.recalibrate import Recalibrate
from leastloss.pruning.recoveries import RECOVERIES, as_recovery
from leastloss.pruning.recovery import NoRecovery, Recovery, Repair
from leastloss.pruning.schedule import SCHEDULES, SPACINGS
from leastloss.pruning.shuffle import ShuffledPath, shuffled

__all__ = [
    "ALLOCATIONS",
    "BALANCES",
    "RECOVERIES",
    "SCHEDULES",
    "SPACINGS",
    "Adjust",
    "Chain",
    "Finetune",
    "NoRecovery",
    "Parts",
    "PruningPath",
    "Recalibrate",
    "Recovery",
    "Repair",
    "ShuffledPath",
    "Step",
    "apply_masks",
    "as_recovery",
    "compact",
    "full_masks",
    "logit_adjusted",
    "prune",
    "recovery_for",
    "shuffled",
    "sparsity",
    "spelled",
]
