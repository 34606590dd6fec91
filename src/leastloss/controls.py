"""Names of the controls that a method is compared with.

Recipes make the controls under these names, and pages find them by the same names.
"""

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
