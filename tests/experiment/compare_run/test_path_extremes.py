"""The remarks of many runs as a short list."""

from types import SimpleNamespace
from typing import Any

import pandas as pd

from leastloss.experiment.compare_run.path_extremes import remarks_of_runs
from leastloss.experiment.compare_run.runs_table import Compared


def found(**remarks: list[str]) -> Compared:
    runs: dict[str, Any] = {
        label: [
            SimpleNamespace(
                data=SimpleNamespace(
                    tags={"leastloss.remarks": text} if text else {},
                    params={"dense_seed": str(seed)},
                )
            )
            for seed, text in enumerate(texts)
        ]
        for label, texts in remarks.items()
    }
    return Compared(table=pd.DataFrame(), runs=runs, labels={})


def test_what_all_seeds_share_is_told_once_and_the_rest_with_its_seeds() -> None:
    assert remarks_of_runs(found(nc=["a", "a\nb", "a\nb"], magnitude=["", "", ""])) == [
        "`nc`: a; b (seed 1, 2)."
    ]


def test_long_lists_are_cut() -> None:
    assert remarks_of_runs(found(nc=["a\nb\nc\nd"])) == ["`nc`: a; b; 2 more."]
    many = remarks_of_runs(found(**{f"m{i}": ["a"] for i in range(33)}))
    assert len(many) == 31
    assert many[-1] == "So do 3 more methods."
