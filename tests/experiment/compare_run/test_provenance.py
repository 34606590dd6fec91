"""Facts of the compared runs, and their remarks."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from tests.experiment.runs import run

from leastloss.experiment.compare_run.provenance import controls_of_runs, remarks_of_runs
from leastloss.experiment.compare_run.runs_table import Compared


@pytest.mark.parametrize(
    ("tag", "criteria"),
    [
        ("nc", "nc"),
        ("mils-bdm,nc", "mils-bdm,nc"),
        ("seed-nc", "scatter-slope"),  # as runs of before say it
        ("nc,seed-nc:leak=true", "nc,scatter-slope:leak=true"),
    ],
)
def test_controls_are_of_the_criteria_as_they_are_called_now(tag: str, criteria: str) -> None:
    control = run(1, tags={"leastloss.controls_of": tag})
    compared: Any = SimpleNamespace(runs={"small-dense": [control], "nc": [run(2)]})
    assert controls_of_runs(compared) == {"small-dense": criteria}


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
