"""A dry run: let whatever would refuse a network refuse it before anything is trained."""

from collections.abc import Mapping

from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.prune_run.choices import Choice
from leastloss.experiment.prune_run.run_metrics import check_sensitivity
from leastloss.pruning import Pruned, begin_path


def rehearse(
    config: PruneConfig,
    chosen: list[Choice],
    model: nn.Module,
    data: Data,
    resume: Pruned | None = None,
) -> None:
    """Start the path of every criterion, and the recovery, without scoring anything."""
    refused: dict[str, str] = {}
    asked = [choice for choice in chosen if choice.asked]
    for choice in asked:
        if choice.criterion is None:  # its masks or its size come from others
            continue
        try:
            start = begin_path(model, data, choice.criterion, config, resume=resume)
            check_sensitivity(choice.criterion, model, config.permutations)
        except InputError as error:
            refused[choice.label] = str(error)
    scored = [choice.label for choice in asked if choice.criterion is not None]
    if len(refused) == len(scored) and len(set(refused.values())) == 1:
        raise InputError(refused[scored[0]])  # no single criterion is at fault
    if refused:
        raise InputError(listed(refused))
    start.recovery.begin(start.dense, data, config.seed)


def listed(refused: Mapping[str, str]) -> str:
    """Join criteria and the reasons why they are refused in one line.

    Example:
        >>> listed({"nc": "no classes", "flips": "no signs"})
        'nc: no classes; flips: no signs'
    """
    return "; ".join(f"{label}: {reason}" for label, reason in refused.items())
