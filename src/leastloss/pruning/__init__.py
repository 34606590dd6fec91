"""Scores in, a pruning path out: selection, schedule and recovery are separate axes."""

from leastloss.pruning.allocation import ALLOCATIONS
from leastloss.pruning.compact import compact
from leastloss.pruning.loop import prune
from leastloss.pruning.masks import Parts, apply_masks, full_masks, sparsity
from leastloss.pruning.masks import check_empty_layers as check_empty_layers
from leastloss.pruning.measure import measure as measure
from leastloss.pruning.measure import ternary_weights as ternary_weights
from leastloss.pruning.noise import noisy_splits as noisy_splits
from leastloss.pruning.noise import read_noise as read_noise
from leastloss.pruning.noise import under_noise as under_noise
from leastloss.pruning.path import PruningPath, Step
from leastloss.pruning.quotas import BALANCES
from leastloss.pruning.quotas import check_allocation as check_allocation
from leastloss.pruning.recovery.adjust import Adjust, logit_adjusted
from leastloss.pruning.recovery.automatic import recovery_for, spelled
from leastloss.pruning.recovery.base import NoRecovery, Recovery, Repair
from leastloss.pruning.recovery.chain import Chain
from leastloss.pruning.recovery.finetune import Finetune
from leastloss.pruning.recovery.recalibrate import Recalibrate
from leastloss.pruning.recovery.registry import RECOVERIES, as_recovery
from leastloss.pruning.schedule import SCHEDULES, SPACINGS
from leastloss.pruning.schedule import cuts_at as cuts_at
from leastloss.pruning.schedule import parts_at as parts_at
from leastloss.pruning.schedule import targets as targets
from leastloss.pruning.schedule import within as within
from leastloss.pruning.shuffle import ShuffledPath, shuffled
from leastloss.pruning.start import begin_path as begin_path

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
