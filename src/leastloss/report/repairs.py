"""Which arms are repaired and scheduled alike: only between those does a score stand alone."""

import pandas as pd

REPAIR = ("recovery", "schedule")
"""Settings that arms must share, or more than their scores is compared."""


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
    one, two = repair_of(settings), repair_of(other)
    ours, theirs = ([p for p in a if p not in b] for a, b in ((one, two), (two, one)))
    if not ours and not theirs:
        return ""
    return " against ".join(f"`{', '.join(parts) or 'none told'}`" for parts in (ours, theirs))


def alike(differences: pd.DataFrame) -> pd.Series:
    """Mark the differences between arms of one repair and schedule.

    Args:
        differences: What :func:`leastloss.report.numbers.differences` returns.
    """
    pairs = zip(differences["settings"], differences["reference_settings"], strict=True)
    same = [repair_of(one) == repair_of(other) for one, other in pairs]
    return pd.Series(same, index=differences.index, dtype=bool)
