"""Steps at which a network failed under a noise: reported, and never averaged over."""

from collections.abc import Sequence

import pandas as pd

FAILED = "_failed"
"""Ending of the columns that say why a network failed under a noise, as ``gaussian3_failed``."""


def failure_sentences(table: pd.DataFrame, by: str = "criterion") -> list[str]:
    """Say of every method and noise where it failed, and why; empty where nothing did.

    Args:
        table: One row per run and step: ``by``, sparsity, and for each noise under which a network
            failed a column ``<noise>_failed`` with the reason, empty where it did not.
        by: Column that tells the methods apart.

    Example:
        >>> steps = {
        ...     "criterion": "nc",
        ...     "sparsity": [0, 0.5],
        ...     "shot5_failed": ["", "1 logit is NaN"],
        ... }
        >>> failure_sentences(pd.DataFrame(steps))
        ['nc under shot5: failed at 1 of 2 steps, first at sparsity 0.5 (1 logit is NaN)']
    """
    sentences = []
    for noise, why in _reasons(table).items():
        for method, steps in table.assign(why=why).groupby(by, sort=False):
            bad = steps[steps["why"] != ""]
            if len(bad):
                first = bad.sort_values("sparsity", kind="stable").iloc[0]
                sentences.append(
                    f"{method} under {noise}: failed at {len(bad)} of {len(steps)} steps, first at "
                    f"sparsity {first['sparsity']:.4g} ({first['why']})"
                )
    return sentences


def without_failed(table: pd.DataFrame, by: Sequence[str] = ("criterion",)) -> pd.DataFrame:
    """Empty a method's numbers under a noise from the step on at which one of its runs failed.

    A mean over those that did not fail would flatter the method, and so would a curve that goes on
    behind a gap: from there on the numbers under that noise are NaN, those of all its runs.

    Args:
        table: As for :func:`failure_sentences`.
        by: Columns that tell the methods apart.

    Returns:
        A copy; the table itself where nothing failed.

    Example:
        >>> steps = pd.DataFrame(
        ...     {"criterion": "nc", "seed": [0, 0, 1, 1], "sparsity": [0, 0.5] * 2}
        ... )
        >>> steps["shot5_accuracy"] = [0.9, 0.8, 0.9, float("nan")]
        >>> steps["shot5_failed"] = ["", "", "", "1 logit is NaN"]
        >>> without_failed(steps)["shot5_accuracy"].tolist()
        [0.9, nan, 0.9, nan]
    """
    for noise, why in _reasons(table).items():
        at = table["sparsity"].round(4)  # runs of one method round their shares alike
        first = at.where(why != "").groupby([table[name] for name in by]).transform("min")
        numbers = [c for c in table.columns if c.startswith(f"{noise}_") and c != noise + FAILED]
        table = table.assign(**{name: table[name].mask(at >= first) for name in numbers})
    return table


def reason_of(table: pd.DataFrame, metric: str) -> str:
    """Why some row of a table has no such metric under its noise; empty where none failed.

    Example:
        >>> reason_of(pd.DataFrame({"shot5_failed": ["", "1 logit is NaN"]}), "shot5_accuracy")
        '1 logit is NaN'
    """
    reasons = _reasons(table).get(metric.partition("_")[0])
    return "" if reasons is None else str(reasons.max())


def _reasons(table: pd.DataFrame) -> dict[str, "pd.Series[str]"]:
    """Noise -> the reason of each row; a run that never failed may lack the column."""
    columns = [name for name in table.columns if name.endswith(FAILED)]
    return {name.removesuffix(FAILED): table[name].fillna("").astype(str) for name in columns}
