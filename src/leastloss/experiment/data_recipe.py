"""Data by their recipe, also where they are an artifact of a run."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from leastloss import tracking
from leastloss.data import Data, load_data, own_name


def fetch_data(recipe: Mapping[str, Any], data_dir: str | None = None) -> Data:
    """Load data as a recipe says; an artifact is fetched first.

    Args:
        recipe: The arguments of :func:`leastloss.load_data`; ``name`` may be an artifact's address,
            ``runs:/<id>/<path>``, or that of a data set that a run recorded,
            ``datasets:/<id>/<name>``, with options.
        data_dir: The data folder.

    Raises:
        InputError: If an argument is out of range.
        ResourceError: If a file is missing or damaged.
    """
    own = own_name(recipe["name"])
    if own is None or own.kind != "artifact":
        return load_data(**recipe, data_dir=data_dir)
    with tempfile.TemporaryDirectory() as folder:
        recorded = own.place.startswith(tracking.DATASET)
        fetch = tracking.fetch_dataset if recorded else tracking.fetch_artifact
        path = fetch(own.place, Path(folder))
        # A folder of images is named by a path, too.
        place = replace(own, place=str(path.resolve()))
        data = load_data(**{**recipe, "name": place.text})
    return replace(data, name=own.short, title=own.short, recipe=data.recipe | {"name": own.text})
