"""Every criterion by name. To add one: a file with its class, and a line here."""

from collections.abc import Callable

from leastloss.criteria.base import Criterion
from leastloss.criteria.magnitude import Magnitude
from leastloss.criteria.mils import MILS
from leastloss.criteria.neural_collapse import NeuralCollapse
from leastloss.criteria.random import Random
from leastloss.names import choose

CRITERIA: dict[str, Callable[[], Criterion]] = {
    "mils-bdm": lambda: MILS(complexity="bdm"),
    "mils-entropy": lambda: MILS(complexity="entropy"),
    "nc": NeuralCollapse,
    "magnitude": Magnitude,
    "random": Random,
}


def criteria() -> dict[str, str]:
    """List the criteria: name -> one line on what it measures.

    Example:
        >>> {"nc", "mils-bdm", "magnitude"} <= set(criteria())
        True
    """
    return {name: make().summary for name, make in CRITERIA.items()}


def as_criterion(criterion: str | Criterion) -> Criterion:
    """Turn a name into a criterion with default options; a criterion stays as it is.

    Raises:
        InputError: If the name is unknown.

    Example:
        >>> as_criterion("random")
        Random()
    """
    if isinstance(criterion, Criterion):
        return criterion
    return CRITERIA[choose("criterion", criterion, CRITERIA)]()
