"""Text that begins a formula stays text in a spreadsheet, and numbers stay numbers."""

from io import StringIO

import pandas as pd

from leastloss.experiment.csv_text import csv_text

TEXTS = ["=1+1", "+1", "-x", "@sum", "\tx", "\rx", "nc", "a=b", "", "1-2"]


def test_texts_get_an_apostrophe() -> None:
    written = csv_text(pd.DataFrame({"=a": TEXTS, "b": pd.Categorical(TEXTS)}))
    table = pd.read_csv(StringIO(written), keep_default_na=False, lineterminator="\n")
    kept = ["'=1+1", "'+1", "'-x", "'@sum", "'\tx", "'\rx", "nc", "a=b", "", "1-2"]
    assert table["'=a"].tolist() == table["b"].tolist() == kept


def test_a_table_without_formulas_is_written_as_before() -> None:
    table = pd.DataFrame({"a": [-1.5, float("nan")], "n": [-1, 2], "t": ["nc", None]})
    table["whole"] = pd.array([None, -3], dtype="Int64")
    table["mixed"] = [-1, "x"]
    options = {"float_format": "%.6g", "lineterminator": "\n"}
    assert csv_text(table, **options) == table.to_csv(index=False, **options)
    assert csv_text(table) == table.to_csv(index=False)
