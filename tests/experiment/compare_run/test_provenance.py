from types import SimpleNamespace
from typing import Any

import pytest
from tests.experiment.runs import run

from leastloss.experiment.compare_run.provenance import controls_of_runs


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
