"""Scores in, a pruning path out: selection, schedule and recovery are separate axes."""

from leastloss.plan import ALLOCATIONS, BALANCES, SCHEDULES, SPACINGS
from leastloss.pruning.compact import compact
from leastloss.pruning.known_order import path_of_order as path_of_order
from leastloss.pruning.loop import prune
from leastloss.pruning.loop import prune_by as prune_by
from leastloss.pruning.masks import Parts, apply_masks, full_masks, sparsity
from leastloss.pruning.measure import measure as measure
from leastloss.pruning.measure import ternary_weights as ternary_weights
from leastloss.pruning.noise import noisy_splits as noisy_splits
from leastloss.pruning.noise import under_noise as under_noise
from leastloss.pruning.path import PruningPath, Step
from leastloss.pruning.recovery.adjust import Adjust, logit_adjusted
from leastloss.pruning.recovery.base import Chain, NoRecovery, Recovery, Repair
from leastloss.pruning.recovery.finetune import Finetune
from leastloss.pruning.recovery.recalibrate import Recalibrate
from leastloss.pruning.recovery.registry import RECOVERIES, as_recovery, recovery_for, spelled
from leastloss.pruning.resume import Pruned as Pruned
from leastloss.pruning.schedule import parts_at as parts_at
from leastloss.pruning.schedule import rounds_of as rounds_of
from leastloss.pruning.shuffle import ShuffledPath, shuffled
from leastloss.pruning.start import begin_path as begin_path
from leastloss.pruning.start import check_plan as check_plan

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
