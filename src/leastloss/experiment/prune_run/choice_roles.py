"""Which of the chosen runs are methods, and which are added to them as controls."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import click

from leastloss.controls import CONTROLS_OF, ROLE, SMALL, controlled_by, is_method, missing_controls
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.prune_run.choices import Choice
from leastloss.options import names


def with_controls(config: PruneConfig, chosen: list[Choice]) -> list[Choice]:
    """Add the controls that the chosen methods lack, if they are asked for.

    What a configuration cannot have is left out, and said.
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
    """Why a control cannot be had, if so."""
    units_one_by_one = config.granularity == "unit" and config.schedule == "sequential"
    if units_one_by_one and choice.criterion is not None:
        return "units cannot follow given shares of layers under the schedule 'sequential'"
    if choice.control == SMALL and not config.run_id and not names(config.hidden):
        return "the network has no hidden layer"
    return ""


def judged(chosen: Iterable[Choice]) -> list[str]:
    """Labels of what ``small-dense`` is as large as: the methods, or else all that follow none."""
    unled = [choice.label for choice in chosen if not choice.follows and choice.control != SMALL]
    return [label for label in unled if is_method(label)] or unled


def role_tags(choice: Choice, chosen: Iterable[Choice]) -> Mapping[str, str]:
    """The tags by which a run is known as a method or as a control, and of what."""
    of = ",".join(judged(chosen)) if choice.control == SMALL else controlled_by(choice.label)
    return {ROLE: "control", CONTROLS_OF: of} if of else {ROLE: "method"}
