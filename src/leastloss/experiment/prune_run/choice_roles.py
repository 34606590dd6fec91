"""Which child runs are methods, and which are their controls."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import click

from leastloss.controls import CONTROLS_OF, ROLE, SMALL, controlled_by, is_method, missing_controls
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.prune_run.choices import Choice
from leastloss.options import names


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
