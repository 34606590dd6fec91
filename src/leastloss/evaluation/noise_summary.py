"""A robustness table in few numbers: corruption errors, and means that hide no failure."""

from collections.abc import Sequence
from math import isnan
from typing import Any

import pandas as pd

from leastloss.data import CORRUPTIONS
from leastloss.errors import InputError, choose

NAN = float("nan")
_ROUNDING = 1e-12  # sums of shares that should be zero are at most this far from it


def corruption_error(errors: Sequence[float], reference: Sequence[float]) -> float:
    """Return the corruption error CE: summed error over that of the reference network.

    Args:
        errors: Error (1 - accuracy) at each severity.
        reference: Of the reference at the same severities.

    Returns:
        Below 1: more robust than the reference. NaN if the reference makes no error at all.

    Source:
        Hendrycks & Dietterich 2019 (arXiv 1903.12261), section 4.2, with the dense network in
        AlexNet's place, and as a factor, not in per cent.

    Example:
        >>> corruption_error([0.25, 0.5], [0.25, 0.25])
        1.5
    """
    return _quotient(sum(errors), sum(reference))


def relative_corruption_error(
    errors: Sequence[float], clean: float, reference: Sequence[float], reference_clean: float
) -> float:
    """Return the relative CE: what noise adds to the error, over what it adds to the reference's.

    Args:
        errors: Error at each severity.
        clean: Error without noise.
        reference: Error of the reference at the same severities.
        reference_clean: Its error without noise.

    Returns:
        Below 1: the error grows less than the reference's. NaN if the reference's does not grow:
        the quotient would have no meaning.

    Source:
        As :func:`corruption_error`.

    Example:
        >>> relative_corruption_error([0.5, 0.75], 0.25, [0.25, 0.5], 0.125)
        1.5
    """
    grown = sum(error - reference_clean for error in reference)
    return _quotient(sum(error - clean for error in errors), grown)


def _quotient(above: float, below: float) -> float:
    return above / below if below > _ROUNDING else NAN


EACH = ("accuracy", "balanced_accuracy", "minority_recall", "worst_class_recall")
OVERALL = (*EACH, "flip_rate", "calibration_error", "sensitivity_ratio")


def corruption_errors(table: pd.DataFrame, reference: str = "dense") -> pd.DataFrame:
    """Compute both errors of every model and corruption of a robustness table.

    Args:
        table: What :func:`robustness_of` returns, with the rows ``clean``.
        reference: The model in the denominator.

    Returns:
        A row per model and corruption, weight noise and attacks included: ``model``,
        ``corruption``, ``corruption_error``, ``relative_corruption_error``, and ``note``: why one
        of them is NaN, else empty.

    Raises:
        InputError: If the table lacks the reference or its rows ``clean``.

    Example:
        >>> rows = [("dense", "clean", 0, 0.9), ("dense", "shot", 1, 0.8), ("nc", "clean", 0, 0.9)]
        >>> rows.append(("nc", "shot", 1, 0.7))
        >>> table = pd.DataFrame(rows, columns=["model", "corruption", "severity", "accuracy"])
        >>> corruption_errors(table).round(3).values.tolist()
        [['dense', 'shot', 1.0, 1.0, ''], ['nc', 'shot', 1.5, 2.0, '']]
    """
    choose("model", reference, table["model"].unique())
    errors = table.assign(error=1 - table["accuracy"])
    clean = errors[errors["severity"] == 0].set_index("model")["error"]
    noisy = errors[errors["severity"] > 0].sort_values("severity", kind="stable")
    sums = {key: part["error"].tolist() for key, part in noisy.groupby(["model", "corruption"])}
    if missing := set(table["model"]) - set(clean.index):
        raise InputError(f"the table has no row without noise of {', '.join(sorted(missing))}")
    rows: list[dict[str, Any]] = []
    for model in table["model"].unique():
        for name in noisy["corruption"].unique():
            model_errors, base = sums[model, name], sums[reference, name]
            quotients = {
                "corruption_error": corruption_error(model_errors, base),
                "relative_corruption_error": relative_corruption_error(
                    model_errors, clean[model], base, clean[reference]
                ),
            }
            totals = {
                model: sum(model_errors) + clean[model],
                reference: sum(base) + clean[reference],
            }
            note = _reason(reference, totals, *quotients.values())
            note = note and f"{note} under {name}"
            rows.append({"model": model, "corruption": name, **quotients, "note": note})
    return pd.DataFrame(rows)


def _reason(reference: str, sums: dict[str, float], error: float, relative: float) -> str:
    """Why one of the two errors is NaN; empty if none is. Sums that are NaN tell who failed."""
    for model, total in sums.items():
        if isnan(total):
            return f"{model} failed"
    if isnan(error):
        return f"{reference} makes no error"
    return f"the error of {reference} does not grow" if isnan(relative) else ""


def noise_summary(table: pd.DataFrame, reference: str = "dense") -> pd.DataFrame:
    """Summarise a robustness table in a row per model.

    Args:
        table: What :func:`robustness_of` returns.
        reference: The dense network.

    Returns:
        ``model``; ``mce`` and ``relative_mce``, the means of the errors over the corruptions of
        images (weight noise and attacks have columns of their own); ``mean_<metric>`` over those
        corruptions and their severities; ``<corruption>_ce`` and ``<corruption>_<metric>``; and
        ``note``, every reason for a NaN. A mean over anything that failed is NaN.

    Raises:
        InputError: As :func:`corruption_errors`.
    """
    errors = corruption_errors(table, reference)
    noisy = table[table["severity"] > 0]
    overall, each = ([name for name in some if name in table] for some in (OVERALL, EACH))
    rows: list[dict[str, Any]] = []
    for model in table["model"].unique():
        model_errors, measured = errors[errors["model"] == model], noisy[noisy["model"] == model]
        images = model_errors[model_errors["corruption"].isin(CORRUPTIONS)]
        row: dict[str, Any] = {"model": model, "mce": _mean(images["corruption_error"])}
        row["relative_mce"] = _mean(images["relative_corruption_error"])
        over = measured[measured["corruption"].isin(CORRUPTIONS)]
        row |= {f"mean_{name}": _mean(over[name]) for name in overall}
        for name, part in measured.groupby("corruption", sort=False):
            (ce,) = model_errors.loc[model_errors["corruption"] == name, "corruption_error"]
            row[f"{name}_ce"] = ce
            row |= {f"{name}_{metric}": _mean(part[metric]) for metric in each}
        rows.append(row | {"note": "; ".join(note for note in model_errors["note"] if note)})
    return pd.DataFrame(rows)


def _mean(values: pd.Series) -> float:
    """The mean, NaN as soon as one value is: what failed is not averaged away."""
    return float(values.mean(skipna=False)) if len(values) else NAN
