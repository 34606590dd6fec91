"""Which criteria a prune run is asked for, and whose layer ratios they take."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from leastloss.controls import SHUFFLED, SMALL
from leastloss.criteria import CRITERIA, Criterion, as_criterion
from leastloss.errors import InputError
from leastloss.experiment.axes import check_axes
from leastloss.experiment.config import PruneConfig
from leastloss.options import fields_of, names


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


def choices(config: PruneConfig) -> list[Choice]:
    """Read the list of criteria, and check all that a run is refused for by its words alone.

    Raises:
        InputError: If it is empty, names one twice, a spec is wrong, or one follows another that
            is not in the list; or as
            :func:`leastloss.experiment.axes.check_axes`.

    Example:
        >>> config = PruneConfig(criteria="magnitude@nc:gamma=0.1, nc:gamma=0.1", boundary="ignore")
        >>> [choice.label for choice in choices(config)]
        ['magnitude@nc:gamma=0.1', 'nc:gamma=0.1']
    """
    check_axes(config)
    defaults = {name: str(getattr(config, name)) for name in fields_of(PruneConfig, "score")}
    wanted = names(config.criteria)
    if not wanted:
        raise InputError(f"criteria is empty; there are: {', '.join(CRITERIA)}")
    chosen = []
    for spec in wanted:
        scorer, *leaders = (Choice.of(part.strip(), "", defaults) for part in spec.split("@"))
        chosen.append(replace(scorer, follows="@".join(other.own for other in leaders)))
    labels = {choice.label for choice in chosen}
    if len(labels) < len(chosen):
        raise InputError(f"criteria {config.criteria!r} names one twice")
    for choice in chosen:
        _check_control(choice, chosen)
        units_only = choice.criterion is not None and choice.criterion.units_only
        if units_only and config.granularity != "unit":
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
    return chosen


def _check_control(choice: Choice, chosen: list[Choice]) -> None:
    """Refuse controls of nothing."""
    if choice.control == SHUFFLED and not choice.follows:
        raise InputError("'shuffled' needs a criterion whose masks it shuffles, as in shuffled@nc")
    if choice.control == SMALL and choice.follows:
        raise InputError(f"{choice.label!r} follows no layer ratios; write {SMALL!r}")
    if choice.control == SMALL and all(other.control == SMALL or other.follows for other in chosen):
        raise InputError(f"{SMALL!r} is as large as another's pruned network; name a criterion too")


def in_order(chosen: list[Choice]) -> list[Choice]:
    """Those that others follow first, and last what depends on all of them."""

    # Who follows has one more sign than who is followed.
    def place(choice: Choice) -> tuple[bool, int]:
        return choice.control == SMALL, choice.follows.count("@") + bool(choice.follows)

    return sorted(chosen, key=place)
