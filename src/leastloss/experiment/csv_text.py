"""Tables as CSV that a spreadsheet opens safely: no cell turns into a formula."""

from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(table: pd.DataFrame, **options: Any) -> str:
    r"""Write a table as CSV, without its index; text that would start a formula gets an apostrophe.

    Numbers stay numbers, whatever their sign.

    Args:
        table: The table.
        options: Of ``DataFrame.to_csv``.

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
