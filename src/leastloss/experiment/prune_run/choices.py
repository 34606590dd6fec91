"""The child runs of a prune run: what each prunes by, whose layer ratios it takes, its role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import click

from leastloss.controls import (
    CONTROLS_OF,
    ROLE,
    SHUFFLED,
    SMALL,
    controlled_by,
    is_method,
    missing_controls,
)
from leastloss.criteria import CRITERIA, Criterion, as_criterion
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.option_checks import check_axes
from leastloss.options import fields_of, names


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One child run.

    Attributes:
        criterion: The criterion; None for the controls ``shuffled`` and ``small-dense``.
        control: ``shuffled``, ``small-dense`` or empty.
        follows: Label of the child run whose layer ratios or masks it takes; may be empty.
        asked: Whether the user named it (controls may be added).
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
    def scorer_label(self) -> str:
        """The label without what it follows."""
        return self.criterion.label if self.criterion else self.control

    @property
    def label(self) -> str:
        """Its name in runs and tables, as in ``magnitude@mils-bdm``."""
        return "@".join(filter(None, [self.scorer_label, self.follows]))


def choices(config: PruneConfig) -> list[Choice]:
    """Read the list of criteria and check all options that need neither data nor network.

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
        chosen.append(replace(scorer, follows="@".join(other.scorer_label for other in leaders)))
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
        if choice.follows == choice.scorer_label:
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
    """Refuse controls without a method to control."""
    if choice.control == SHUFFLED and not choice.follows:
        raise InputError("'shuffled' needs a criterion whose masks it shuffles, as in shuffled@nc")
    if choice.control == SMALL and choice.follows:
        raise InputError(f"{choice.label!r} follows no layer ratios; write {SMALL!r}")
    if choice.control == SMALL and all(other.control == SMALL or other.follows for other in chosen):
        raise InputError(f"{SMALL!r} is as large as another's pruned network; name a criterion too")


def in_order(chosen: list[Choice]) -> list[Choice]:
    """Sort leaders before followers, and ``small-dense``, which depends on all of them, last."""

    # A follower's label has one more @ than its leader's.
    def place(choice: Choice) -> tuple[bool, int]:
        return choice.control == SMALL, choice.follows.count("@") + bool(choice.follows)

    return sorted(chosen, key=place)


def with_controls(config: PruneConfig, chosen: list[Choice]) -> list[Choice]:
    """Add the controls that the chosen methods lack, if they are asked for.

    Impossible ones are left out with a message.
    """
    if config.controls == "no":
        return chosen
    added: dict[str, Choice] = {}
    left_out: list[str] = []
    followed = {choice.label: choice for choice in chosen}
    for method, missing in missing_controls(followed).items():
        for label in missing:
            control = label.partition("@")[0]
            choice = Choice.of(control, "" if control == SMALL else method)
            why = _impossible(config, choice)
            left_out += [f"{label} ({why})"] if why and label not in added else []
            if not why:
                added[label] = replace(choice, asked=False)
    if left_out:
        click.echo(f"controls left out: {', '.join(dict.fromkeys(left_out))}", err=True)
    return [*chosen, *added.values()]


def _impossible(config: PruneConfig, choice: Choice) -> str:
    """Why a control is impossible; empty if it is possible."""
    sequential_units = config.granularity == "unit" and config.schedule == "sequential"
    if sequential_units and choice.criterion is not None:
        return "units cannot follow given shares of layers under the schedule 'sequential'"
    if choice.control == SMALL and not config.run_id and not names(config.hidden):
        return "the network has no hidden layer"
    return ""


def judged(chosen: Iterable[Choice]) -> list[str]:
    """Labels that set the size of ``small-dense``: the methods, else all without a leader."""
    unled = [choice.label for choice in chosen if not choice.follows and choice.control != SMALL]
    return [label for label in unled if is_method(label)] or unled


def role_tags(choice: Choice, chosen: Iterable[Choice]) -> Mapping[str, str]:
    """The tags that mark a run as a method, or as a control of certain methods."""
    of = ",".join(judged(chosen)) if choice.control == SMALL else controlled_by(choice.label)
    return {ROLE: "control", CONTROLS_OF: of} if of else {ROLE: "method"}
