"""Data by their recipe, also where they are an artifact of a run."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from leastloss import tracking
from leastloss.data import Data, load_data, own_name
from leastloss.errors import InputError


def fetch_data(recipe: Mapping[str, Any], data_dir: str | None = None) -> Data:
    """Load data as a recipe says; an artifact is fetched first.

    Args:
        recipe: The arguments of :func:`leastloss.load_data`; ``name`` may be an artifact's address,
            ``runs:/<id>/<path>``, or that of a data set that a run recorded,
            ``datasets:/<id>/<name>``, with options.
        data_dir: The data folder.

    Raises:
        InputError: If an argument is out of range, a recorded table lacks the option ``label``, or
            its file has not the samples that were recorded.
        ResourceError: If a file is missing or damaged.
    """
    user_name = own_name(recipe["name"])
    if user_name is None or user_name.kind != "artifact":
        return load_data(**recipe, data_dir=data_dir)
    with tempfile.TemporaryDirectory() as folder:
        recorded = user_name.place.startswith(tracking.DATASET)
        if recorded:
            path, rows = tracking.fetch_dataset(user_name.place, Path(folder))
        else:
            path, rows = tracking.fetch_artifact(user_name.place, Path(folder)), None
        fetched = own_name(str(path.resolve()))
        is_table = fetched is not None and fetched.kind == "table"
        if recorded and is_table and "label" not in user_name.options:
            raise InputError(
                f"{user_name.place} is a table, of which MLflow does not record the label; "
                "name its column, as in :label=income"
            )
        # A folder of images is named by a path, too.
        place = replace(user_name, place=str(path.resolve()))
        data = load_data(**{**recipe, "name": place.text})
        samples = sum(map(len, (data.train, data.val, data.test)))
        if rows is not None and data.withheld is None and samples != rows:
            raise InputError(
                f"{user_name.place} recorded {rows:,} rows, and its file has {samples:,}: the file "
                "changed, or the run took a part of it"
            )
    return replace(
        data,
        name=user_name.short,
        title=user_name.short,
        recipe=data.recipe | {"name": user_name.text},
    )
