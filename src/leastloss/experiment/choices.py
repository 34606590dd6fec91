"""What a prune run is asked for, checked: which criteria, whose layer ratios, which steps."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from leastloss.controls import SHUFFLED, SMALL
from leastloss.criteria import CRITERIA, GRANULARITIES, Criterion, as_criterion
from leastloss.criteria.unit_score import UnitScore
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig, names, numbers
from leastloss.models import MODELS, BinarizedMLP
from leastloss.names import choose
from leastloss.pruning import BALANCES, SCHEDULES, as_recovery, spelled
from leastloss.pruning.masks import check_empty_layers
from leastloss.pruning.noise import read_noise
from leastloss.pruning.quotas import check_allocation
from leastloss.pruning.schedule import cuts_at, targets, within
from leastloss.training import check_training


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One child run.

    Attributes:
        criterion: What scores; None where ``control`` says what else is done.
        control: ``shuffled`` or ``small-dense``, if it is one of these.
        follows: Label of the one whose layer ratios or masks it takes, if any.
        asked: Whether it was named, and not added as a control.
    """

    criterion: Criterion | None = None
    control: str = ""
    follows: str = ""
    asked: bool = True

    @classmethod
    def of(
        cls, spec: str, follows: str = "", defaults: Mapping[str, str] | None = None
    ) -> "Choice":
        """Read a spec without the part behind ``@``."""
        if spec in (SHUFFLED, SMALL):
            return cls(control=spec, follows=follows)
        return cls(criterion=as_criterion(spec, defaults), follows=follows)

    @property
    def own(self) -> str:
        """The label without what it follows."""
        return self.criterion.label if self.criterion else self.control

    @property
    def label(self) -> str:
        """What runs and tables call it, as in ``magnitude@mils-bdm``."""
        return "@".join(filter(None, [self.own, self.follows]))


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
    choose("controls", config.controls, ("yes", "no"))
    choose("unfinished", config.unfinished, ("yes", "no"))
    if choose("empty_layers", config.empty_layers, ("yes", "no")) == "yes":
        check_empty_layers(config.granularity)
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
        own, *others = (Choice.of(part.strip(), "", defaults) for part in spec.split("@"))
        found.append(replace(own, follows="@".join(other.own for other in others)))
    labels = {choice.label for choice in found}
    if len(labels) < len(found):
        raise InputError(f"criteria {config.criteria!r} names one twice")
    for choice in found:
        _check_control(choice, found)
        if isinstance(choice.criterion, UnitScore) and config.granularity != "unit":
            raise InputError(
                f"{choice.label!r} scores hidden units, not single weights; use the granularity "
                "'unit'"
            )
        if choice.criterion is not None:
            choice.criterion.check_schedule(config.schedule)
        scored = choice.criterion is not None and not choice.criterion.static
        by_layer = choice.follows or config.allocation != "global"
        if by_layer and config.schedule == "sequential" and scored:
            raise InputError(
                f"{choice.label!r} cannot follow given shares of layers under the schedule "
                "'sequential'; use 'iterative'"
            )
        if choice.follows == choice.own:
            raise InputError(f"{choice.label!r} follows itself")
        if choice.follows and choice.criterion is not None and config.allocation != "global":
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


def _check_control(choice: Choice, chosen: list[Choice]) -> None:
    """Refuse controls of nothing."""
    if choice.control == SHUFFLED and not choice.follows:
        raise InputError("'shuffled' needs a criterion whose masks it shuffles, as in shuffled@nc")
    if choice.control == SMALL and choice.follows:
        raise InputError(f"{choice.label!r} follows no layer ratios; write {SMALL!r}")
    if choice.control == SMALL and all(one.control == SMALL or one.follows for one in chosen):
        raise InputError(f"{SMALL!r} is as large as another's pruned network; name a criterion too")


def in_order(chosen: list[Choice]) -> list[Choice]:
    """Those that others follow first, and last what depends on all of them."""

    # Who follows has one more sign than who is followed.
    def place(choice: Choice) -> tuple[bool, int]:
        return choice.control == SMALL, choice.follows.count("@") + bool(choice.follows)

    return sorted(chosen, key=place)
