"""Which controls of a method are among the runs: without them a method is incomplete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leastloss.controls import BASELINES, CONTROLS, SMALL, controls_for


@dataclass(frozen=True, kw_only=True)
class Role:
    """What a method is in the comparison.

    Attributes:
        kind: ``method``, ``baseline`` or ``control``.
        controls: Control -> the method that is it; of a method, those that are there.
        missing: Of a method, the controls that are not there.
    """

    kind: str
    controls: Mapping[str, str]
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, str]:
        """For a table: what it is or whether its controls are complete, and which are missing."""
        if self.kind != "method":
            return self.kind, ""
        if not self.missing:
            return "complete", ""
        short = [name.partition("@")[0] for name in self.missing]
        return "incomplete", "none run" if not self.controls else f"no {', '.join(short)}"


def roles(
    methods: Mapping[str, tuple[str, str]],
    controls_of: Mapping[str, str] | None = None,
    judged: Sequence[str] = (),
) -> dict[str, Role]:
    """Find the controls of every method.

    Args:
        methods: Method -> its criterion and its settings; controls have the same settings.
        controls_of: Method -> the criteria (a comma list) that its runs say they are controls of.
        judged: Criteria that need controls, without their options; empty: all but the baselines.

    Example:
        >>> found = roles(
        ...     {"nc": ("nc", ""), "random@nc": ("random@nc", ""), "random": ("random", "")}
        ... )
        >>> found["nc"].words
        ('incomplete', 'no magnitude, shuffled, small-dense')
        >>> found["random@nc"].kind, found["random"].kind
        ('control', 'baseline')
    """
    said = controls_of or {}
    found = {}
    for name, (criterion, settings) in methods.items():
        if name in said or criterion.startswith(CONTROLS):
            found[name] = Role(kind="control", controls={})
        elif _baseline(criterion, judged):
            found[name] = Role(kind="baseline", controls={})
        else:
            wanted = controls_for(criterion)
            there = {
                one: other
                for one in wanted
                for other, (theirs, alike) in methods.items()
                if theirs == one and _agree(alike, settings, one) and _of(said, other, criterion)
            }
            missing = tuple(one for one in wanted if one not in there)
            found[name] = Role(kind="method", controls=there, missing=missing)
    return found


def _baseline(criterion: str, judged: Sequence[str]) -> bool:
    name = criterion.partition(":")[0]
    return (name not in judged) if judged else (name in BASELINES)


def _agree(one: str, other: str, control: str) -> bool:
    # A small dense network is not pruned: how others are does not concern it.
    return control == SMALL or one == other


def _of(said: Mapping[str, str], control: str, criterion: str) -> bool:
    """Whether a control is one of this criterion's; one that says nothing goes by its name."""
    return control not in said or criterion in said[control].split(",")
