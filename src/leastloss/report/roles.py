"""The role of a method in a comparison, its controls, and its repair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from leastloss.controls import BASELINES, SMALL, controls_for, is_control

REPAIR = ("recovery", "schedule")
"""Settings that arms must share for a comparison of their scores alone."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """The role of a method in the comparison.

    Attributes:
        kind: ``method``, ``baseline`` or ``control``.
        controls: Control -> the method that is this control; empty for baselines and controls.
        missing: The controls that were not run.
    """

    kind: str
    controls: Mapping[str, str]
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, str]:
        """For a table: its kind, or whether its controls are complete; and which are missing."""
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
        methods: Method -> its criterion and settings; a control shares its method's settings.
        controls_of: Method -> the criteria (a comma list) that it is tagged as a control of.
        judged: Criteria that need controls, without their options; empty: all but the baselines.

    Example:
        >>> role_of = roles(
        ...     {"nc": ("nc", ""), "random@nc": ("random@nc", ""), "random": ("random", "")}
        ... )
        >>> role_of["nc"].words
        ('incomplete', 'no magnitude, shuffled, small-dense')
        >>> role_of["random@nc"].kind, role_of["random"].kind
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
                # A small dense network is not pruned, so settings of pruning do not matter.
                and (control == SMALL or alike == settings)
                and _of(controlled, label, criterion)
            }
            missing = tuple(control for control in wanted if control not in there)
            role_of[name] = Role(kind="method", controls=there, missing=missing)
    return role_of


def _baseline(criterion: str, judged: Sequence[str]) -> bool:
    name = criterion.partition(":")[0]
    return (name not in judged) if judged else (name in BASELINES)


def _of(controlled: Mapping[str, str], control: str, criterion: str) -> bool:
    """Whether a control belongs to this criterion; without a tag its name decides."""
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
    """How the repairs of two arms differ, in words; empty if they do not.

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
    """Mark the differences between arms of the same repair and schedule."""
    pairs = zip(differences["settings"], differences["reference_settings"], strict=True)
    same = [repair_of(settings) == repair_of(other) for settings, other in pairs]
    return pd.Series(same, index=differences.index, dtype=bool)
