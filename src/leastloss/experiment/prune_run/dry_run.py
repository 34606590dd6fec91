"""What a prune run is refused for, tried on the network before it is trained or pruned."""

from collections.abc import Mapping

from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.prune_run.choices import Choice
from leastloss.experiment.prune_run.permutation_test import check_sensitivity
from leastloss.pruning import begin_path


def rehearse(config: PruneConfig, chosen: list[Choice], model: nn.Module, data: Data) -> None:
    """Begin the path of every criterion and the recovery, and score nothing.

    Args:
        config: What is asked for.
        chosen: Its criteria.
        model: The network, trained or not; it is left as it is.
        data: What it will be trained on.

    Raises:
        InputError: If such a network or such data are refused.
    """
    refused: dict[str, str] = {}
    asked = [choice for choice in chosen if choice.asked]
    for choice in asked:
        if choice.criterion is None:  # it takes its masks or its size from others
            continue
        try:
            start = begin_path(model, data, choice.criterion, config)
            check_sensitivity(choice.criterion, model, config.permutations)
        except InputError as error:
            refused[choice.label] = str(error)
    scored = [choice.label for choice in asked if choice.criterion is not None]
    if len(refused) == len(scored) and len(set(refused.values())) == 1:
        raise InputError(refused[scored[0]])  # not the criteria's fault
    if refused:
        raise InputError(listed(refused))
    start.recovery.begin(start.dense, data, config.seed)


def listed(refused: Mapping[str, str]) -> str:
    """One line that says of each criterion why it is refused.

    Example:
        >>> listed({"nc": "no classes", "flips": "no signs"})
        'nc: no classes; flips: no signs'
    """
    return "; ".join(f"{label}: {reason}" for label, reason in refused.items())
