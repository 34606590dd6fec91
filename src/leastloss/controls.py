"""Names of the controls that a method is compared with.

Recipes make the controls under these names, and pages find them by the same names.
"""

from collections.abc import Iterable

ROLE, CONTROLS_OF = "leastloss.role", "leastloss.controls_of"
"""Tags of a run: whether it is a method or a control, and of which methods."""

METHODS = ("mils-bdm", "mils-entropy", "nc")
"""The criteria that this project puts forward, and that need controls."""

BASELINES = ("magnitude", "random")
"""Criteria that others are compared with; they need no controls."""

SHUFFLED, SMALL = "shuffled", "small-dense"
"""Controls that no criterion scores: masks shuffled in each layer, and a small dense network."""

FOLLOWING = ("random", "magnitude", SHUFFLED)
"""Controls with the layer ratios of the method, as ``random@nc``."""

CONTROLS = (*(f"{name}@" for name in FOLLOWING), SMALL)
"""The beginnings of their labels; behind an @ follows the method."""


def is_control(label: str) -> bool:
    """Whether a label is that of a control.

    Example:
        >>> is_control("random@nc"), is_control("small-dense, steps=4"), is_control("random")
        (True, True, False)
    """
    return label.startswith(CONTROLS)


def controls_for(method: str) -> list[str]:
    """The labels of all controls of a method.

    Example:
        >>> controls_for("nc:gamma=0.1")[1:]
        ['magnitude@nc:gamma=0.1', 'shuffled@nc:gamma=0.1', 'small-dense']
    """
    return [name + method if name.endswith("@") else name for name in CONTROLS]


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
    """Label of each method among these -> labels of the controls that it lacks.

    The labels are what runs and tables call the methods and controls of one comparison. Settings
    behind a comma, as tables add them, must agree.

    Example:
        >>> missing_controls(["nc", "random@nc", "shuffled@nc", "small-dense", "magnitude"])
        {'nc': ['magnitude@nc']}
        >>> missing_controls(["nc, recovery=none", "magnitude"])["nc, recovery=none"][0]
        'random@nc, recovery=none'
    """
    distinct = list(dict.fromkeys(labels))
    lacking = {}
    for label in filter(is_method, distinct):
        plain = _plain(label)
        settings = label.removeprefix(plain)
        wanted = [control + settings for control in controls_for(plain)]
        lacking[label] = [control for control in wanted if control not in distinct]
    return lacking


def _plain(label: str) -> str:
    """A label without the settings that tables add to it."""
    return label.partition(", ")[0]
