"""Which controls a method needs before its numbers say anything about its choices."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import click

from leastloss.controls import FOLLOWING, METHODS, SHUFFLED, SMALL, controls_for
from leastloss.experiment.config import PruneConfig, names
from leastloss.experiment.prune_run.choices import Choice

ROLE, CONTROLS_OF = "leastloss.role", "leastloss.controls_of"


def is_method(label: str) -> bool:
    """Whether a label is that of a method; one that follows another's layer ratios is none.

    Example:
        >>> is_method("nc:gamma=0.1"), is_method("random@nc"), is_method("magnitude")
        (True, False, False)
    """
    return "@" not in label and _plain(label).partition(":")[0] in METHODS


def controlled_by(label: str) -> str:
    """The label of what a control is for, from its own; empty where it is no such control.

    Example:
        >>> controlled_by("shuffled@nc:gamma=0.1"), controlled_by("nc@magnitude")
        ('nc:gamma=0.1', '')
    """
    control, _, followed = label.partition("@")
    return followed if control in FOLLOWING else ""


def nested(label: str) -> bool:
    """Whether the networks of a run follow from its removal order."""
    return _plain(label) != SMALL and not label.startswith(f"{SHUFFLED}@")


def missing_controls(labels: Iterable[str]) -> dict[str, list[str]]:
    """The controls that the methods among these labels lack; a method with all of them has none.

    Args:
        labels: What runs and tables call the methods and controls of one comparison. Settings
            behind a comma, as tables add them, must agree.

    Returns:
        Label of each method -> labels of its missing controls.

    Example:
        >>> missing_controls(["nc", "random@nc", "shuffled@nc", "small-dense", "magnitude"])
        {'nc': ['magnitude@nc']}
        >>> missing_controls(["nc, recovery=none", "magnitude"])["nc, recovery=none"][0]
        'random@nc, recovery=none'
    """
    known = list(dict.fromkeys(labels))
    lacking = {}
    for label in filter(is_method, known):
        plain = _plain(label)
        settings = label.removeprefix(plain)
        wanted = [control + settings for control in controls_for(plain)]
        lacking[label] = [control for control in wanted if control not in known]
    return lacking


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


def _plain(label: str) -> str:
    """A label without the settings that tables add to it."""
    return label.partition(", ")[0]
