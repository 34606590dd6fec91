"""What a prune run is asked for, checked: which criteria, whose layer ratios, which steps."""

from dataclasses import dataclass
from typing import Any

from leastloss.criteria import CRITERIA, GRANULARITIES, Criterion, as_criterion
from leastloss.criteria.unit_score import UnitScore
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig, names, numbers
from leastloss.models import MODELS, BinarizedMLP
from leastloss.names import choose
from leastloss.pruning import BALANCES, SCHEDULES, as_recovery, spelled
from leastloss.pruning.noise import read_noise
from leastloss.pruning.quotas import check_allocation
from leastloss.pruning.schedule import cuts_at, targets, within
from leastloss.training import check_training


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One child run: a criterion, and the label of the one that it follows, if any."""

    criterion: Criterion
    follows: str = ""

    @property
    def label(self) -> str:
        """What runs and tables call it, as in ``magnitude@mils-bdm``."""
        return "@".join(filter(None, [self.criterion.label, self.follows]))


def binary_model(name: str) -> bool:
    """Whether networks of this name have binary layers."""
    return MODELS[choose("model", name, MODELS)] is BinarizedMLP


def steps_of(config: PruneConfig) -> dict[str, Any]:
    """Check every axis before anything costs time, and read the steps as pruning takes them.

    Raises:
        InputError: If a name is unknown or a number out of range.
    """
    if not config.run_id:
        check_training(
            epochs=config.epochs,
            patience=config.patience,
            lr=config.lr,
            batch_size=config.batch_size,
            loss=config.loss,
        )
    choose("granularity", config.granularity, GRANULARITIES)
    choose("schedule", config.schedule, SCHEDULES)
    # The network of a run shows later; auto keeps weights in some of them.
    binary = bool(config.run_id) or binary_model(config.model)
    recovery = as_recovery(spelled(config.recovery, binary=binary))
    if config.permutations < 0 or config.permutations == 1:
        raise InputError(f"permutations is {config.permutations}; it must be 0, or at least 2")
    choose("artifacts", config.artifacts, ("full", "light"))
    if choose("balance", config.balance, BALANCES) != "none" and config.granularity == "unit":
        raise InputError("balance 'polarity' is for weights; units have no sign")
    if config.balance != "none" and not recovery.keeps_weights:
        raise InputError(
            f"balance 'polarity' needs signs that stay; recovery {recovery.label!r} moves them"
        )
    check_allocation(config.allocation, config.granularity, config.balance)
    read_noise(names(config.noise))
    if config.layers and config.granularity == "unit":
        raise InputError("layers can be named for the granularity 'weight' only")
    units = sum(numbers(config.hidden, int, "hidden"))
    known = config.granularity == "unit" and not config.run_id and units > 0
    parts = units if known else 1_000_000
    shares = numbers(config.sparsities, float, "sparsities")
    if not shares:
        cuts = targets(parts, config.to_sparsity, config.steps, config.spacing)
        within(cuts, parts, config.substeps, config.spacing)
        return {"to_sparsity": config.to_sparsity, "steps": config.steps, "sparsities": None}
    within(cuts_at(parts, shares), parts, config.substeps, config.spacing)
    return {"to_sparsity": shares[-1], "steps": len(shares), "sparsities": shares}


def choices(config: PruneConfig) -> list[Choice]:
    """Read the list of criteria, and check all else that a run may be refused for.

    Raises:
        InputError: If it is empty, names one twice, a spec is wrong, or one follows another that
            is not in the list; or as :func:`steps_of`.

    Example:
        >>> config = PruneConfig(criteria="magnitude@nc:gamma=0.1, nc:gamma=0.1", boundary="ignore")
        >>> [choice.label for choice in choices(config)]
        ['magnitude@nc:gamma=0.1', 'nc:gamma=0.1']
    """
    steps_of(config)
    defaults = {"encoding": config.encoding, "boundary": config.boundary}
    wanted = names(config.criteria)
    if not wanted:
        raise InputError(f"criteria is empty; there are: {', '.join(CRITERIA)}")
    found = []
    for spec in wanted:
        own, *others = (as_criterion(part.strip(), defaults) for part in spec.split("@"))
        found.append(Choice(criterion=own, follows="@".join(other.label for other in others)))
    labels = {choice.label for choice in found}
    if len(labels) < len(found):
        raise InputError(f"criteria {config.criteria!r} names one twice")
    for choice in found:
        if isinstance(choice.criterion, UnitScore) and config.granularity != "unit":
            raise InputError(
                f"{choice.label!r} scores hidden units, not single weights; use the granularity "
                "'unit'"
            )
        choice.criterion.check_schedule(config.schedule)
        by_layer = choice.follows or config.allocation != "global"
        if by_layer and config.schedule == "sequential" and not choice.criterion.static:
            raise InputError(
                f"{choice.label!r} cannot follow given shares of layers under the schedule "
                "'sequential'; use 'iterative'"
            )
        if choice.follows == choice.criterion.label:
            raise InputError(f"{choice.label!r} follows itself")
        if choice.follows and config.allocation != "global":
            raise InputError(
                f"{choice.label!r} takes the layer ratios of {choice.follows!r} and would ignore "
                f"allocation {config.allocation!r}; leave one of them out"
            )
        if choice.follows and choice.follows not in labels:
            raise InputError(
                f"{choice.label!r} follows {choice.follows!r}, which is not among the criteria; "
                f"there are: {', '.join(sorted(labels))}"
            )
    return found


def in_order(chosen: list[Choice]) -> list[Choice]:
    """Those that others follow first."""
    # Who follows has one more sign than who is followed.
    return sorted(chosen, key=lambda choice: choice.follows.count("@") + bool(choice.follows))
