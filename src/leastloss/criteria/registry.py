"""Every criterion by name. To add one: a file with its class, and a line here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from leastloss.arguments import checked
from leastloss.criteria.base import Criterion
from leastloss.criteria.blend import Blend
from leastloss.criteria.class_angles import ClassAngles
from leastloss.criteria.fisher_diagonal import FisherDiagonal
from leastloss.criteria.fisher_ratio import FisherRatio
from leastloss.criteria.flips import Flips
from leastloss.criteria.gauss_newton import GaussNewton
from leastloss.criteria.lamp import LAMP
from leastloss.criteria.lda_taylor import LDATaylor
from leastloss.criteria.magnitude import Magnitude
from leastloss.criteria.margin import Margin
from leastloss.criteria.mils import MILS
from leastloss.criteria.nc1_change import NC1Change
from leastloss.criteria.neural_collapse import NeuralCollapse
from leastloss.criteria.obs import OBS
from leastloss.criteria.partial_fisher import PartialFisher
from leastloss.criteria.random import Random
from leastloss.criteria.scatter_slope import ScatterSlope
from leastloss.criteria.snip import SNIP
from leastloss.criteria.structured_obs import StructuredOBS
from leastloss.criteria.taylor import Taylor
from leastloss.criteria.ties import Ties
from leastloss.criteria.wanda import Wanda
from leastloss.errors import InputError, choose
from leastloss.specs import options_of, read_options, split_spec

CRITERIA: dict[str, Callable[[], Criterion]] = {
    "mils-bdm": lambda: MILS(complexity="bdm"),
    "mils-entropy": lambda: MILS(complexity="entropy"),
    "nc": NeuralCollapse,
    "obs": OBS,
    "gauss-newton": GaussNewton,
    "magnitude": Magnitude,
    "random": Random,
    "blend": Blend,
    "flips": Flips,
    "ties": Ties,
    "wanda": Wanda,
    "taylor": Taylor,
    "snip": SNIP,
    "fisher-diagonal": FisherDiagonal,
    "lamp": LAMP,
    "lda-taylor": LDATaylor,
    "scatter-slope": ScatterSlope,
    "fisher-ratio": FisherRatio,
    "nc1-change": NC1Change,
    "partial-fisher": PartialFisher,
    "structured-obs": StructuredOBS,
    "margin": Margin,
    "class-angles": ClassAngles,
}


RENAMED = {"seed-nc": "scatter-slope"}
"""Former name of a criterion -> its name; stored runs and study files may hold the former one."""


def criteria() -> dict[str, str]:
    """List the criteria: name -> one line on what it measures.

    Example:
        >>> {"nc", "mils-bdm", "magnitude"} <= set(criteria())
        True
    """
    return {name: make().summary for name, make in CRITERIA.items()}


def current_label(label: str) -> str:
    """A stored label with the former names of criteria replaced by those of today.

    Example:
        >>> current_label("random@seed-nc:leak=true, recovery=none")
        'random@scatter-slope:leak=true, recovery=none'
    """
    names = "|".join(map(re.escape, RENAMED))
    return re.sub(rf"(?<![\w-])(?:{names})(?![\w-])", lambda match: RENAMED[match[0]], label)


@checked
def as_criterion(
    criterion: str | Criterion, defaults: Mapping[str, str] | None = None
) -> Criterion:
    """Turn a spec into a criterion; a criterion stays as it is.

    Args:
        criterion: A name, or a name with options: ``name:option=value:option=value``.
        defaults: Values of options that the spec does not set, for criteria that have them.

    Raises:
        InputError: If it is neither, a name or an option is unknown, or a value is not of its type.

    Example:
        >>> as_criterion("random"), as_criterion("nc:gamma=0.1").label
        (Random(), 'nc:gamma=0.1')
    """
    if isinstance(criterion, Criterion):
        return criterion
    if not isinstance(criterion, str):
        raise InputError(f"criterion is {criterion!r}; it must be a name or a Criterion")
    name, written = split_spec(criterion)
    plain = CRITERIA[choose("criterion", RENAMED.get(name, name), CRITERIA)]()
    usual = {k: v for k, v in (defaults or {}).items() if k in options_of(plain)}
    options = read_options(plain, usual | written)
    return replace(plain, **options) if options else plain  # type: ignore[type-var]  # dataclasses
