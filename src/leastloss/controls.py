"""What controls are called: what a method is held against before its numbers say anything.

Recipes make controls by these names, and pages look for them by the same.
"""

METHODS = ("mils-bdm", "mils-entropy", "nc")
"""The criteria that this project puts forward, and that need controls."""

BASELINES = ("magnitude", "random")
"""Criteria that others are held against; none is asked of them."""

SHUFFLED, SMALL = "shuffled", "small-dense"
"""Controls that no criterion scores: masks shuffled in each layer, and a small dense network."""

FOLLOWING = ("random", "magnitude", SHUFFLED)
"""Controls with the layer ratios of the method, as ``random@nc``."""

CONTROLS = (*(f"{name}@" for name in FOLLOWING), SMALL)
"""All of them as labels begin: behind an @ comes the method."""


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
