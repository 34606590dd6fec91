"""What a method is beside the others: its role, its controls, and its repair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from leastloss.controls import BASELINES, SMALL, controls_for, is_control

REPAIR = ("recovery", "schedule")
"""Settings that arms must share, or more than their scores is compared."""


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
    controlled = controls_of or {}
    role_of = {}
    for name, (criterion, settings) in methods.items():
        if name in controlled or is_control(criterion):
            role_of[name] = Role(kind="control", controls={})
        elif _baseline(criterion, judged):
            role_of[name] = Role(kind="baseline", controls={})
        else:
            wanted = controls_for(criterion)
            there = {
                control: label
                for control in wanted
                for label, (label_criterion, alike) in methods.items()
                if label_criterion == control
                and _agree(alike, settings, control)
                and _of(controlled, label, criterion)
            }
            missing = tuple(control for control in wanted if control not in there)
            role_of[name] = Role(kind="method", controls=there, missing=missing)
    return role_of


def _baseline(criterion: str, judged: Sequence[str]) -> bool:
    name = criterion.partition(":")[0]
    return (name not in judged) if judged else (name in BASELINES)


def _agree(settings: str, other: str, control: str) -> bool:
    # A small dense network is not pruned: how others are does not concern it.
    return control == SMALL or settings == other


def _of(controlled: Mapping[str, str], control: str, criterion: str) -> bool:
    """Whether a control is one of this criterion's; one that says nothing goes by its name."""
    return control not in controlled or criterion in controlled[control].split(",")


def repair_of(settings: str) -> tuple[str, ...]:
    """The recovery and the schedule among the settings of an arm, as ``key=value``.

    Example:
        >>> repair_of("steps=20, schedule=iterative, recovery=refit:sweeps=3")
        ('schedule=iterative', 'recovery=refit:sweeps=3')
        >>> repair_of("")
        ()
    """
    return tuple(part for part in settings.split(", ") if part.partition("=")[0] in REPAIR)


def apart(settings: str, other: str) -> str:
    """In what the repair of two arms differs, in words; empty where it does not.

    Example:
        >>> apart("recovery=refit, schedule=iterative", "recovery=none, schedule=iterative")
        '`recovery=refit` against `recovery=none`'
        >>> apart("recovery=none, layers=1", "recovery=none, layers=2")
        ''
    """
    first, second = repair_of(settings), repair_of(other)
    ours, theirs = ([p for p in a if p not in b] for a, b in ((first, second), (second, first)))
    if not ours and not theirs:
        return ""
    return " against ".join(f"`{', '.join(parts) or 'none told'}`" for parts in (ours, theirs))


def alike(differences: pd.DataFrame) -> pd.Series:
    """Mark the differences between arms of one repair and schedule.

    Args:
        differences: What :func:`leastloss.report.numbers.differences` returns.
    """
    pairs = zip(differences["settings"], differences["reference_settings"], strict=True)
    same = [repair_of(settings) == repair_of(other) for settings, other in pairs]
    return pd.Series(same, index=differences.index, dtype=bool)
