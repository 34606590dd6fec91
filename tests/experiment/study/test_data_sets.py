"""Ranks over the data sets of one file, from steps that are made up."""

from dataclasses import replace

import pandas as pd
import pytest
from tests.experiment.study.test_study_file import given

from leastloss.errors import ResourceError
from leastloss.experiment.config import SweepConfig
from leastloss.experiment.study import data_sets, sweep
from leastloss.experiment.study.data_sets import ranks_over, several
from leastloss.experiment.study.finished_runs import FinishedRuns
from leastloss.experiment.study.study import Study
from leastloss.experiment.study.study_file import study_of
from leastloss.plots import render
from leastloss.report import Drawn
from leastloss.report.sections import Sentences

DATA_SETS = ("mnist", "digits", "fashion-mnist")


def studies(*names: str, criteria: tuple[str, ...] = ("nc", "magnitude", "random")) -> list[Study]:
    arm, report = [{"criteria": list(criteria)}], {"sparsities": [0.3, 0.5]}
    return [
        study_of(given(section=f"s{i}", train={"dataset": name}, arm=arm, report=report, seeds=2))
        for i, name in enumerate(names)
    ]


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """All runs are finished; a method is better the earlier the file names it."""

    def table_of(finished: FinishedRuns) -> pd.DataFrame:
        study = finished.study
        rows = [
            {"recovery": study.group(arm)[0], "granularity": study.group(arm)[1], "settings": ""}
            | {"method": study.method(arm), "criterion": arm.criterion, "seed": seed}
            | {"sparsity": at, "accuracy": 1 - at - 0.1 * i, "balanced_accuracy": 1 - 0.1 * i}
            for i, arm in enumerate(study.arms)
            for seed in study.seeds
            for at in (0.0, 0.3, 0.5)
        ]
        return pd.DataFrame(rows)

    def find(study: Study) -> FinishedRuns:
        done = {} if study.section == "open" else {(0, study.arms[0]): "run"}
        return FinishedRuns(study=study, children=done)

    monkeypatch.setattr(data_sets, "table_of", table_of)
    monkeypatch.setattr(data_sets, "find", find)


def test_three_data_sets_are_ranked() -> None:
    words, drawn = ranks_over(studies(*DATA_SETS))
    assert isinstance(words, Sentences)
    assert "at 50 % removed" in words.texts[0]
    assert "3 methods on 3 data sets (mnist, digits, fashion-mnist)" in words.texts[0]
    assert words.texts[2].startswith("Best is `nc` with a mean rank of 1.00")
    assert isinstance(drawn, Drawn)
    assert drawn.alt.endswith(". nc 1.0, magnitude 2.0, random 3.0")
    # Each page of the file has this figure: it is drawn several times, alike.
    assert render(drawn.figure, "svg") == render(drawn.figure, "svg")


def test_a_data_set_counts_once() -> None:
    (words, _) = ranks_over(studies(*DATA_SETS, "digits"))
    assert isinstance(words, Sentences)
    assert "on 3 data sets" in words.texts[0]


def test_a_recovery_stands_in_the_name_where_it_differs() -> None:
    values = pd.DataFrame({"recovery": ["none", "adjust"] * 2, "granularity": "weight"})
    values = values.assign(method="nc", value=[1, 2, 3, 4], data_set=["a"] * 2 + ["b"] * 2)
    scores = data_sets.scores_of(values.assign(study="s"))
    assert list(scores) == ["nc, recovery=none", "nc, recovery=adjust"]
    assert scores["nc, recovery=none"].tolist() == [1, 3]


def test_one_sentence_where_there_is_too_little() -> None:
    start = "No ranks over data sets, which need 3 data sets and 3 methods: "
    few = studies("mnist", "digits", "digits")
    assert ranks_over(few) == [f"{start}2 data sets have finished runs."]
    three = studies(*DATA_SETS)
    unfinished = [*three[:2], replace(three[2], section="open")]
    assert ranks_over(unfinished) == [f"{start}2 data sets have finished runs."]
    methods = studies(*DATA_SETS, criteria=("nc", "random"))
    assert ranks_over(methods) == [f"{start}the data sets share 2 methods."]
    apart = replace(three[2], report=replace(three[2].report, sparsities=(0.9,)))
    assert ranks_over([*three[:2], apart]) == [f"{start}the reports share no sparsity."]
    assert several(three)
    assert not several(studies("mnist", "mnist"))


@pytest.mark.parametrize(("names", "count"), [(DATA_SETS, 2), (("mnist",) * 3, 0)])
def test_a_sweep_publishes_again_with_the_ranks(
    names: tuple[str, ...], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, published = tuple(studies(*names)), []

    def sweep_one(study: Study, config: SweepConfig, command: str) -> str:
        if study.section == "s1":
            raise ResourceError("out of luck")
        return f"run of {study.section}"

    monkeypatch.setattr(sweep, "read_studies", lambda file, override: written)
    monkeypatch.setattr(sweep, "check", lambda config, studies: studies)
    monkeypatch.setattr(sweep, "_sweep", sweep_one)
    monkeypatch.setattr(sweep, "_publish", lambda *rest: published.append(rest))
    with pytest.raises(ResourceError, match="listed above: s1"):
        sweep.sweep(SweepConfig(file="f.toml"))
    assert [rest[2] for rest in published] == ["run of s0", "run of s2"][:count]
    assert all(isinstance(rest[4][-1], Drawn) for rest in published)
