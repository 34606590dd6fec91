"""Tables of runs as CSV: written so that spreadsheets are safe, read back with checks."""

from functools import cache
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from leastloss import tracking
from leastloss.controls import SMALL
from leastloss.errors import ResourceError
from leastloss.evaluation import FAILED, NOISE_WORDS, metric_of
from leastloss.experiment.criterion_run import TABLE
from leastloss.tracking import Run

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(table: pd.DataFrame, **options: Any) -> str:
    r"""Write a table as CSV, without its index; text that would start a formula gets an apostrophe.

    Numbers stay numbers, whatever their sign.

    Example:
        >>> csv_text(pd.DataFrame({"a": ["=1+1", "nc"], "b": [-1.0, 2.0]}))
        "a,b\n'=1+1,-1.0\nnc,2.0\n"
    """
    written = table.copy()
    for number, kind in enumerate(table.dtypes):
        if not is_numeric_dtype(kind):
            written.isetitem(number, table.iloc[:, number].map(_escaped).array)
    return str(written.rename(columns=_escaped).to_csv(index=False, **options))


def _escaped(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


_WORDS = ("criterion", "dataset", "network", "run_id", "seed", *NOISE_WORDS)
_NEEDED = ("step", "sparsity")
_ROUNDING = 1e-9


def steps_of_run(run: Run, text: str) -> pd.DataFrame:
    """Read the steps of a criterion run; its parameters say how many there are."""
    table = numbers_of_run(run, TABLE, text)
    lacking = [name for name in _NEEDED if name not in table]
    if lacking:
        raise tracking.damaged(run.info.run_id, TABLE, f"it has no column {lacking[0]!r}")
    steps, params = table["step"].tolist(), run.data.params
    if params.get("criterion") == SMALL:  # it has only some of the others' steps
        wanted = sorted({0, *steps})
    else:
        wanted = list(range(int(params.get("steps", len(steps) - 1)) + 1))
    if steps != wanted:
        listed = ", ".join(f"{step:g}" for step in steps[:20]) or "none"
        raise tracking.damaged(
            run.info.run_id,
            TABLE,
            f"its rows are the steps {listed}, and must be 0 to {wanted[-1]}",
        )
    if (table["sparsity"].isna() | (table["sparsity"].diff() < 0)).any():
        raise tracking.damaged(run.info.run_id, TABLE, "its sparsity does not rise step by step")
    return table


def numbers_of_run(run: Run, name: str, text: str) -> pd.DataFrame:
    """Read a table of a run."""

    def damaged(reason: object) -> ResourceError:
        return tracking.damaged(run.info.run_id, name, reason)

    try:
        table = pd.read_csv(StringIO(text))
    except ValueError as error:
        raise damaged(error) from error
    if table.empty:
        raise damaged("it has no rows")
    if not text.endswith("\n"):
        raise damaged("it ends in the middle of a row")
    for column, kind in table.dtypes.items():
        if is_numeric_dtype(kind) or _holds_words(str(column)):
            continue
        values = pd.to_numeric(table[column], errors="coerce")
        wrong = table[column][values.isna() & table[column].notna()]
        if len(wrong):
            raise damaged(f"column {column!r} holds {str(wrong.iloc[0])[:40]!r}, no number")
        table[column] = values
    shares, least = _shares_of(tuple(table.columns))
    numbers = table[shares].to_numpy(np.float64)
    beyond = np.argwhere((numbers < least - _ROUNDING).T | (numbers > 1 + _ROUNDING).T)
    if len(beyond):
        number, row = beyond[0]
        held = f"column {shares[number]!r} holds {numbers[row, number]:g}"
        raise damaged(f"{held}, and must lie in [{least[number]}, 1]")
    return table


def _holds_words(column: str) -> bool:
    return column in _WORDS or column.endswith(FAILED)


@cache  # tables by the thousand have the same columns
def _shares_of(columns: tuple[str, ...]) -> tuple[list[str], NDArray[np.int64]]:
    """The columns that hold shares, and the least value of each."""
    metrics = {column: metric_of(column) for column in columns if not _holds_words(column)}
    shares = {name: -1 if its.signed else 0 for name, its in metrics.items() if its.is_share}
    return list(shares), np.array(list(shares.values()), dtype=np.int64)
