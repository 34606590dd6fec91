"""Which runs of a study count as done."""

from dataclasses import replace
from typing import Any

import pytest
from tests.experiment.runs import run
from tests.experiment.study.test_study_file import given

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.experiment.study.expected_time import expected_of
from leastloss.experiment.study.finished_runs import FinishedRuns, facts_of, find
from leastloss.experiment.study.study_file import study_of
from leastloss.options import parameters
from leastloss.tracking import Outline

STUDY = study_of(given(seeds=1, arm=[{"criteria": "nc"}], report={"sparsities": [0.5]}))
NETWORK = parameters(STUDY.network(0))
PRUNING = parameters(STUDY.arms[0].config) | NETWORK | {"run_id": "run1", "criterion": "nc"}


def finished(
    monkeypatch: pytest.MonkeyPatch,
    train: dict[str, str],
    prune: dict[str, str],
    *,
    codes: tuple[str, str] = (code_digest(),) * 2,
    code: str = "same",
) -> Any:
    """What the study finds in a store of two runs, each of a code."""
    runs = {"train": run(1), "criterion": run(2)}
    runs["train"].data.params, runs["criterion"].data.params = train, prune
    outlines = {
        kind: Outline(run_id=its.info.run_id, seconds=1.0, params=its.data.params, code=made_by)
        for (kind, its), made_by in zip(runs.items(), codes, strict=True)
    }
    monkeypatch.setattr(tracking, "has_experiment", lambda name: True)
    monkeypatch.setattr(tracking, "outlines", lambda kind, name: [outlines[kind]])
    monkeypatch.setattr(tracking, "search_each", lambda where, name: [runs["criterion"]])
    return find(STUDY, code)


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 1),
        ({"data_dir": "elsewhere", "artifacts": "light", "controls": "yes"}, 1),
        ({"substeps": "2"}, 0),
        ({"epochs": "7"}, 0),
        ({"run_id": "another"}, 0),
    ],
)
def test_a_run_counts_if_what_it_measures_is_what_the_sweep_would(
    changes: dict[str, str], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = finished(monkeypatch, NETWORK, PRUNING | changes)
    assert len(runs.children) == count
    assert len(runs.missing(0)) == 1 - count
    assert [its.info.run_id for its in runs.runs.values()] == ["run2"] * count


def test_a_parameter_that_is_younger_than_the_run_had_its_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older = {key: value for key, value in NETWORK.items() if key != "replicate"}
    assert finished(monkeypatch, older, PRUNING).dense == {0: "run1"}


HERE = code_digest()


@pytest.mark.parametrize("codes", [("old", "old"), ("", ""), (HERE, "old"), ("old", HERE)])
def test_runs_of_other_code_count_where_any_does(
    codes: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = finished(monkeypatch, NETWORK, PRUNING, codes=codes)
    assert (len(runs.dense), runs.children) == (codes[0] == HERE, {})
    assert runs.other == {(0, STUDY.arms[0])}
    assert expected_of(runs, 1).splitlines()[1] == (
        "  1 more are finished by other code, or do not say by which: code=any takes them"
    )
    runs = finished(monkeypatch, NETWORK, PRUNING, codes=codes, code="any")
    assert (len(runs.dense), len(runs.children), runs.other) == (1, 1, set())


def test_the_present_code_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(number: int, params: dict[str, str], code: str) -> Outline:
        return Outline(run_id=f"run{number}", seconds=1.0, params=params, code=code)

    pruned = {"old": PRUNING, HERE: PRUNING | {"run_id": "run2"}}
    kinds = {
        "train": [of(2, NETWORK, HERE), of(1, NETWORK, "old")],
        "criterion": [of(4, pruned["old"], "old"), of(3, pruned[HERE], HERE)],
    }
    monkeypatch.setattr(tracking, "has_experiment", lambda name: True)
    monkeypatch.setattr(tracking, "outlines", lambda kind, name: kinds[kind])
    for code in ("same", "any"):
        assert find(STUDY, code).dense == {0: "run2"}
        assert list(find(STUDY, code).children.values()) == ["run3"]
    kinds["criterion"].pop()  # what is left is of the older network, which no code takes
    for code in ("same", "any"):
        assert (find(STUDY, code).children, find(STUDY, code).other) == ({}, set())


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ((HERE, HERE), None),
        (("b", "a"), "The runs come of different code: a (1 runs), b (1 runs)."),
        (("a", ""), "The runs come of different code: a, 1 runs do not say of which."),
        (("", ""), "The runs may come of different code: 2 runs do not say of which."),
    ],
)
def test_the_page_says_where_code_differs(
    codes: tuple[str, str], said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = finished(monkeypatch, NETWORK, PRUNING, codes=codes, code="any")
    assert facts_of(runs, "sweep").get("code") == said


def test_facts_say_what_is_missing_and_what_is_not_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = facts_of(finished(monkeypatch, NETWORK, PRUNING | {"substeps": "7"}), "sweep")
    assert facts["incomplete"] == "1 of 1 prune runs are missing"
    assert facts["settings"].startswith("dataset mnist, size 10, imbalance exp, ")
    assert "data_dir" not in facts["settings"]
    assert "weights" not in facts["settings"]  # always said, but there are none
    assert "incomplete" not in facts_of(finished(monkeypatch, NETWORK, PRUNING), "sweep")


def test_facts_name_the_processors_and_what_was_not_made_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = replace(STUDY, seeds=(0, 1))
    runs = [run(n, tags={"leastloss.hardware.cpu": name}) for n, name in enumerate("AB")]
    monkeypatch.setattr(tracking, "search_each", lambda where, name: runs)
    children = {(seed, study.arms[0]): f"run{seed}" for seed in study.seeds}
    facts = facts_of(FinishedRuns(study=study, children=children), "sweep")
    assert facts["processor"] == "A (1 runs), B (1 runs)"
    assert facts["not made alike"].endswith("differ: cpu is A (1 run) and B (1 run).")
    assert "not made alike" not in facts_of(finished(monkeypatch, NETWORK, PRUNING), "sweep")
