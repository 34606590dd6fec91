"""Tables of runs as CSV: written so that spreadsheets are safe, read back with checks."""

from collections.abc import Sequence
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
from leastloss.experiment.run_names import TABLE
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


def steps_of_runs(runs: Sequence[Run], texts: Sequence[str]) -> list[pd.DataFrame]:
    """Read the steps of criterion runs: those with equal columns at once, ten times as fast.

    Args:
        runs: The runs.
        texts: Their tables as CSV.

    Raises:
        ResourceError: If a table is damaged.
    """
    alike: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        alike.setdefault(text.partition("\n")[0], []).append(number)
    tables: dict[int, pd.DataFrame] = {}
    for head, numbers in alike.items():
        several, its = [runs[i] for i in numbers], [texts[i] for i in numbers]
        parts = _steps_together(head, several, its) or map(steps_of_run, several, its)
        tables |= zip(numbers, parts, strict=True)
    return [tables[number] for number in range(len(texts))]


def _steps_together(
    head: str, runs: Sequence[Run], texts: Sequence[str]
) -> list[pd.DataFrame] | None:
    """The steps of runs with equal columns; None if a table may be damaged: look at each alone."""
    if not all(text.endswith("\n") for text in texts):
        return None
    rows = [text.count("\n") - 1 for text in texts]
    bodies = "".join(text[len(head) + 1 :] for text in texts)
    try:
        whole = numbers_of_run(runs[0], TABLE, f"{head}\n{bodies}")
        if sum(rows) != len(whole):
            return None
        starts = np.cumsum([0, *rows])
        return [
            _checked(run, whole.iloc[start:end].reset_index(drop=True))
            for run, start, end in zip(runs, starts, starts[1:], strict=False)
        ]
    except ResourceError:
        return None


def steps_of_run(run: Run, text: str) -> pd.DataFrame:
    """Read the steps of a criterion run; its parameters say how many there are."""
    return _checked(run, numbers_of_run(run, TABLE, text))


def joined(tables: Sequence[pd.DataFrame], **labels: Sequence[object]) -> pd.DataFrame:
    """One table of several, with columns that hold one label for each of them.

    Example:
        >>> joined([pd.DataFrame({"step": [0, 1]}), pd.DataFrame({"step": [0]})], seed=["4", "5"])
           step seed
        0     0    4
        1     1    4
        2     0    5
    """
    lengths = [len(table) for table in tables]
    columns: dict[str, Any] = {
        name: [label for label, n in zip(each, lengths, strict=True) for _ in range(n)]
        for name, each in labels.items()
    }
    return pd.concat(tables, ignore_index=True).assign(**columns)


def _checked(run: Run, table: pd.DataFrame) -> pd.DataFrame:
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
        table = pd.read_csv(StringIO(text), low_memory=False)
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
    shares, largest = _shares_of(tuple(table.columns))
    numbers = table[shares].to_numpy(np.float64)
    beyond = np.argwhere((numbers < -_ROUNDING).T | (numbers > largest + _ROUNDING).T)
    if len(beyond):
        number, row = beyond[0]
        held = f"column {shares[number]!r} holds {numbers[row, number]:g}"
        raise damaged(f"{held}, and must lie in [0, {largest[number]}]")
    return table


def _holds_words(column: str) -> bool:
    return column in _WORDS or column.endswith(FAILED)


@cache  # tables by the thousand have the same columns
def _shares_of(columns: tuple[str, ...]) -> tuple[list[str], NDArray[np.int64]]:
    """The columns that hold shares, and the largest value of each."""
    metrics = {column: metric_of(column) for column in columns if not _holds_words(column)}
    shares = {name: its.largest for name, its in metrics.items() if its.is_share}
    return list(shares), np.array(list(shares.values()), dtype=np.int64)
