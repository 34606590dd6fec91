"""Tables: a label column, numbers standardised and categories one-hot, as training has them.

What a cell says is text or a number and nothing else: a formula is text.
"""

import csv
import warnings
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from leastloss.data.class_names import numbered_labels, plain_text
from leastloss.data.own.arrays import check_memory
from leastloss.data.own.encoding import fitted_encoder
from leastloss.data.published import Images, Prepare
from leastloss.errors import InputError, ResourceError, brief, choose

_SEPARATORS = ",;\t|"
_LOOKED_AT = 200  # rows that tell the separator and whether there is a header
_CELL = 16  # bytes, at the least, of a cell in memory


def read_table(path: Path, options: Mapping[str, str], size: int | None) -> Images:
    """Read a table of one sample a row.

    Args:
        path: A CSV file (separated by comma, semicolon, tab or bar; the first rows tell which) or
            one of Parquet.
        options: ``label``: name of the column with the classes, or its number, from 0 or, from the
            end, from -1; by default the last. ``header``: yes, no or auto. ``without``: names or
            numbers of columns to leave out, with a plus sign between them.
        size: Must be None: it belongs to images.

    Raises:
        InputError: If a column is missing, or the label column holds no classes.
        ResourceError: If the file is damaged or does not fit in memory.
    """
    if size is not None:
        raise InputError("size resizes images, and a table has none")
    header = choose("header", options.get("header", "auto"), ("yes", "no", "auto"))
    table, headed = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path, header)
    label = _column(path, table, options.get("label", "-1"))
    if table[label].isna().any():
        row = int(np.flatnonzero(table[label].isna())[0])
        raise InputError(f"{path.name}: row {row} of the column {plain_text(label)!r} is empty")
    left_out = [
        _column(path, table, name) for name in options.get("without", "").split("+") if name
    ]
    inputs = table.drop(columns=[label, *left_out])
    if inputs.empty:
        raise InputError(f"{path.name} has no column beside the label; there is nothing to learn")
    values = table[label]
    labels = values.to_numpy() if is_numeric_dtype(values) else values.astype(str).to_numpy(str)
    try:
        numbers, names, classes = numbered_labels({"train": labels})
    except InputError as error:
        raise InputError(
            f"{path.name}, column {plain_text(label)!r}: {error}; another column is the label by "
            f"{path.name}:label=NAME"
        ) from None
    place = list(table.columns).index(label)
    words = f"column {place} of 0..{len(table.columns) - 1}"
    words = f"{plain_text(label)!r}, {words}" if headed else words
    rows = np.arange(len(table))

    def fit(train: NDArray[Any]) -> Prepare:
        encode = fitted_encoder(inputs.iloc[train])
        return lambda chosen: torch.from_numpy(encode(inputs.iloc[chosen]))

    return Images(
        train=(rows, numbers["train"]),
        test=None,
        classes=classes,
        class_names=names,
        fit=fit,
        source=f"{len(table):,} rows, {'a' if headed else 'no'} header, label: {words}",
    )


def _column(path: Path, table: pd.DataFrame, name: str) -> str:
    """The column of that name, or of that number."""
    columns = [str(column) for column in table.columns]
    if name in columns:
        return name
    number = int(name) if name.lstrip("-").isdecimal() and len(name) < 9 else None
    if number is not None and -len(columns) <= number < len(columns):
        return columns[number]
    shown = [plain_text(column) for column in columns]
    return choose(f"column in {path.name}", plain_text(name), shown)


def _csv(path: Path, header: str) -> tuple[pd.DataFrame, bool]:
    try:
        check_memory(path.name, path.stat().st_size)
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(islice(file, _LOOKED_AT))
        separator = "\t" if path.suffix.lower() == ".tsv" else _separator(lines)
        first = list(csv.reader(lines, delimiter=separator))
        headed = header == "yes" or (header == "auto" and _has_header(first))
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path,
                sep=separator,
                header=0 if headed else None,
                encoding="utf-8-sig",
                low_memory=False,
                skipinitialspace=True,
                index_col=False,
            )
    except pd.errors.ParserWarning:  # columns would shift, and the last one go
        raise InputError(
            f"{path.name}: rows have more cells than the header names; name all columns"
        ) from None
    except (OSError, ValueError, csv.Error) as error:  # pandas' own errors are among them
        raise ResourceError(f"{path} is no table, or damaged: {brief(error)}") from None
    return _named(path, table), headed


def _parquet(path: Path) -> tuple[pd.DataFrame, bool]:
    from pyarrow import ArrowException, parquet  # heavy, and few tables need it

    try:
        about = parquet.ParquetFile(path).metadata
        check_memory(path.name, about.num_rows * about.num_columns * _CELL)
        table = parquet.read_table(path).to_pandas(ignore_metadata=True)
    except (OSError, ValueError, ArrowException) as error:
        raise ResourceError(f"{path} is no Parquet file, or damaged: {brief(error)}") from None
    return _named(path, table), True


def _named(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Columns by text; a table without rows, or with a name that occurs twice, is refused."""
    table.columns = pd.Index([str(column) for column in table.columns])
    if not len(table):
        raise InputError(f"{path.name} has no rows")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise InputError(f"{path.name} has two columns {plain_text(twice[0])!r}")
    return table


def _separator(lines: list[str]) -> str:
    """The sign that cuts all rows into equally many cells, and into most of them.

    Example:
        >>> _separator(["a;b,c;d", "1;2,5;3"])
        ';'
    """
    best, cells = ",", 1
    for sign in _SEPARATORS:
        widths = {len(row) for row in csv.reader(lines, delimiter=sign) if row}
        if len(widths) == 1 and (width := widths.pop()) > cells:
            best, cells = sign, width
    return best


def _has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names columns: words above numbers, or words found nowhere below.

    Example:
        >>> _has_header([["age", "job"], ["30", "cook"]]), _has_header([["30", "cook"]] * 2)
        (True, False)
    """
    if len(rows) < 2:
        return False
    first, below = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    numeric = [
        place
        for place in range(len(first))
        if any(row[place] for row in below) and all(_is_number(row[place]) for row in below)
    ]
    if numeric:
        return not any(_is_number(first[place]) for place in numeric)
    return len({*first}) == len(first) and not any(
        row[place] == cell for row in below for place, cell in enumerate(first)
    )


def _is_number(cell: str) -> bool:
    if not cell.strip():
        return True  # a missing number is one
    try:
        float(cell)
    except ValueError:
        return False
    return True
