"""The columns of a table as numbers, by what scikit-learn learns from the training rows."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from leastloss.data.class_names import plain_text
from leastloss.errors import InputError

Encode: TypeAlias = Callable[[pd.DataFrame], NDArray[np.float32]]
MOST = 100
"""Most inputs that a column of texts becomes; its rarest texts share one."""


def fitted_encoder(train: pd.DataFrame) -> Encode:
    """Learn from the training rows how rows become inputs.

    Numbers get mean 0 and standard deviation 1, and a missing one the median; a text becomes one
    input for each text of its column, and one that training has not seen none of them.

    Args:
        train: The training rows, without their labels.

    Returns:
        A function of rows that returns float32 (n, inputs).

    Raises:
        InputError: If a column holds infinite numbers.

    Example:
        >>> encode = fitted_encoder(pd.DataFrame({"age": [20.0, 40.0], "job": ["cook", "none"]}))
        >>> encode(pd.DataFrame({"age": [30.0], "job": ["cook"]})).tolist()
        [[0.0, 1.0, 0.0]]
    """
    # Half a second of imports, for tables alone.
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [str(name) for name in train if is_numeric_dtype(train[name])]
    texts = [str(name) for name in train if name not in numbers]
    transformer = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(
                    SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
                ),
                numbers,
            ),
            (
                "texts",
                OneHotEncoder(
                    max_categories=MOST,
                    handle_unknown="infrequent_if_exist",
                    sparse_output=False,
                ),
                texts,
            ),
        ]
    )

    def plain(rows: pd.DataFrame) -> pd.DataFrame:
        columns: dict[str, Any] = {name: _numbers(rows[name]) for name in numbers}
        for name in texts:
            columns[name] = rows[name].astype(str).mask(rows[name].isna(), "")
        return pd.DataFrame(columns, index=rows.index)

    transformer.fit(plain(train))

    def encode(rows: pd.DataFrame) -> NDArray[np.float32]:
        return np.asarray(transformer.transform(plain(rows)), dtype=np.float32)

    return encode


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    values = column.astype(float) if is_bool_dtype(column) else column
    numbers: NDArray[np.float64] = np.asarray(values.to_numpy(np.float64, na_value=np.nan))
    if np.isinf(numbers).any():
        raise InputError(
            f"column {plain_text(column.name)!r} holds infinite numbers; they must be finite or "
            "missing"
        )
    return numbers
