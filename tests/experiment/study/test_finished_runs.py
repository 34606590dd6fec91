"""Which stored runs count as a study's."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.experiment.study.test_study_file import given

from leastloss import tracking
from leastloss.experiment.config import parameters
from leastloss.experiment.study.finished_runs import find
from leastloss.experiment.study.study_file import study_of


def run(run_id: str, params: dict[str, str]) -> Any:
    info = SimpleNamespace(run_id=run_id)
    return SimpleNamespace(info=info, data=SimpleNamespace(params=params))


def test_a_run_with_the_former_name_of_its_criterion_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arms = [{"criteria": ["seed-nc:balanced=true", "magnitude"]}]
    study = study_of(
        given(arm=arms, seeds=1, report={"sparsities": [0.5], "against": ["seed-nc:balanced=true"]})
    )
    first = study.arms[0]
    assert first.criterion == "scatter-slope:balanced=true"
    assert study.report.against == (first.criterion,)
    network = parameters(study.network(0))
    held = parameters(first.config) | network | {"run_id": "dense"}
    stored = {
        "train": [run("dense", network)],
        "criterion": [run("pruned", held | {"criterion": "seed-nc:balanced=true"})],
    }

    def search(where: str, _: str) -> list[Any]:
        return stored["train" if "'train'" in where else "criterion"]

    monkeypatch.setattr(tracking, "has_experiment", lambda _: True)
    monkeypatch.setattr(tracking, "search", search)
    finished = find(study)
    assert finished.children[0, first].info.run_id == "pruned"
    assert finished.missing(0) == [study.arms[1]]
