"""Ranks over the data sets of one file, from steps that are made up."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from tests.experiment.study.test_study_file import given

from leastloss.errors import InputError, ResourceError
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

    def find(study: Study, code: str) -> FinishedRuns:
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


def test_a_data_set_has_its_short_name() -> None:
    *others, last = studies(*DATA_SETS)
    own = replace(last, train=replace(last.train, dataset="tables/bank.csv:label=y"))
    words, _ = ranks_over([*others, own])
    assert isinstance(words, Sentences)
    assert "on 3 data sets (mnist, digits, bank)" in words.texts[0]


def test_a_data_set_counts_once() -> None:
    (words, _) = ranks_over(studies(*DATA_SETS, "digits"))
    assert isinstance(words, Sentences)
    assert "on 3 data sets" in words.texts[0]


def test_a_recovery_stands_in_the_name_where_it_differs() -> None:
    values = pd.DataFrame({"recovery": ["none", "adjust"] * 2, "granularity": "weight"})
    values = values.assign(method="nc", value=[1, 2, 3, 4], data_set=["a"] * 2 + ["b"] * 2)
    scores, _, _ = data_sets.scores_of(values.assign(study="s", seed=0))
    assert list(scores) == ["nc, recovery=none", "nc, recovery=adjust"]
    assert scores["nc, recovery=none"].tolist() == [1, 3]


def scored(*rows: tuple[str, int, str, float]) -> tuple[dict[str, list[float]], int, int]:
    """Means of methods on data sets a, b, c alike, from rows of study, seed, method and value."""
    values = pd.DataFrame(rows, columns=["study", "seed", "method", "value"])
    values = values.assign(recovery="none", granularity="weight")
    alike = [values.assign(data_set=name, study=name + values["study"]) for name in "abc"]
    scores, pairs, missed = data_sets.scores_of(pd.concat(alike))
    assert list(scores.index) == ["a", "b", "c"]
    return scores.to_dict("list"), pairs, missed


def test_means_are_over_the_networks_that_all_methods_have() -> None:
    hard = [("hard", 0, "good", 0.5), ("hard", 0, "fair", 0.4)]
    easy = [("easy", 0, "good", 0.9), ("easy", 0, "fair", 0.7), ("easy", 0, "once", 0.8)]
    means = {"good": [0.9] * 3, "fair": [0.7] * 3, "once": [0.8] * 3}
    assert scored(*hard, *easy) == (means, 6, 3)
    first = [("s", 0, "a", 0.6), ("s", 1, "a", 0.9), ("s", 1, "b", 0.8)]  # b has the good seed only
    assert scored(*first) == ({"a": [0.9] * 3, "b": [0.8] * 3}, 6, 3)
    apart = pd.DataFrame({"study": ["s", "t"], "method": ["a", "b"], "value": [0.1, 0.2]})
    apart = apart.assign(data_set="d", recovery="none", granularity="weight", seed=0)
    scores, pairs, missed = data_sets.scores_of(apart)
    assert (scores.shape, pairs, missed) == ((0, 2), 2, 2)


def spoil(monkeypatch: pytest.MonkeyPatch, section: str, change: Callable[..., object]) -> None:
    """Change the table of one study."""
    table_of = data_sets.table_of

    def spoilt(finished: FinishedRuns) -> object:
        table = table_of(finished)
        return change(table) if finished.study.section == section else table

    monkeypatch.setattr(data_sets, "table_of", spoilt)


def test_networks_that_are_left_out_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, "s1", lambda t: t[(t["method"] != "nc") | (t["seed"] == 1)])
    (words, _) = ranks_over(studies(*DATA_SETS))
    assert isinstance(words, Sentences)
    assert words.texts[-1].startswith("Left out are 1 of 6 networks (a seed of a study), which not")
    spoil(monkeypatch, "s1", lambda t: t[(t["method"] != "random") | (t["seed"] == 0)])
    (sentence,) = ranks_over(studies(*DATA_SETS))
    assert isinstance(sentence, str)
    assert ": the methods share networks of 2 data sets. Left out are 2 of 6 networks" in sentence
    assert sentence.endswith(" Without such a network: digits.")
    spoil(monkeypatch, "s1", lambda t: t.assign(accuracy=float("nan")))
    (sentence,) = ranks_over(studies(*DATA_SETS))
    assert str(sentence).endswith("networks of 2 data sets. Without such a network: digits.")
    for section in ("s0", "s2"):
        spoil(monkeypatch, section, lambda t: t.assign(accuracy=float("nan")))
    (sentence,) = ranks_over(studies(*DATA_SETS))
    assert ": the data sets share 0 methods." in str(sentence)


def test_a_study_that_cannot_be_ranked_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(table: pd.DataFrame) -> object:
        raise ResourceError("its table is damaged")

    lacking = "Study `s3` is left out: its runs have no accuracy."
    spoil(monkeypatch, "s3", lambda table: table.drop(columns="accuracy"))
    words, _ = ranks_over(studies(*DATA_SETS, "mnist"))
    assert isinstance(words, Sentences)
    assert words.texts[3:] == [lacking]
    spoil(monkeypatch, "s2", damaged)
    (sentence,) = ranks_over(studies(*DATA_SETS, "mnist"))
    assert isinstance(sentence, str)
    damage = "Study `s2` is left out: its table is damaged."
    assert sentence.endswith(f": 2 data sets have finished runs to rank. {damage} {lacking}")


def test_one_sentence_where_there_is_too_little() -> None:
    start = "No ranks over data sets, which need 3 data sets and 3 methods: "
    assert ranks_over([]) == []
    few = studies("mnist", "digits", "digits")
    assert ranks_over(few) == [f"{start}2 data sets have finished runs to rank."]
    three = studies(*DATA_SETS)
    unfinished = [*three[:2], replace(three[2], section="open")]
    assert ranks_over(unfinished) == [f"{start}2 data sets have finished runs to rank."]
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


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Sweeps of three studies that do nothing; what they publish."""
    written, published = tuple(studies(*DATA_SETS)), list[Any]()
    monkeypatch.setattr(sweep, "read_studies", lambda file, override: written)
    monkeypatch.setattr(sweep, "check", lambda config, studies: studies)
    monkeypatch.setattr(sweep, "_sweep", lambda study, config, command: study.section)
    monkeypatch.setattr(sweep, "_publish", lambda *rest: published.append(rest))
    return published


def test_a_sweep_ends_well_where_the_ranks_cannot_be_read(
    swept: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(study: Study, code: str) -> FinishedRuns:
        raise ResourceError("the store is away")

    monkeypatch.setattr(data_sets, "find", find)
    sweep.sweep(SweepConfig(file="f.toml"))
    assert [rest[2] for rest in swept] == ["s0", "s1", "s2"]
    assert all(rest[4] == [data_sets.no_ranks("the store is away")] for rest in swept)


def test_a_sweep_of_failures_says_so(swept: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def sweep_one(study: Study, config: SweepConfig, command: str) -> str:
        raise ResourceError("out of luck")

    monkeypatch.setattr(sweep, "_sweep", sweep_one)
    monkeypatch.setattr(sweep, "_trials_left", lambda study, config: 1)
    with pytest.raises(ResourceError, match="listed above: s0, s1, s2"):
        sweep.sweep(SweepConfig(file="f.toml"))
    assert swept == []


def test_a_page_that_cannot_be_published_again_is_listed(
    swept: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def publish(study: Study, *rest: object) -> None:
        if study.section == "s0":
            raise InputError("no such metric")
        swept.append(study.section)

    monkeypatch.setattr(sweep, "_publish", publish)
    with pytest.raises(ResourceError, match=r"listed above: s0$"):
        sweep.sweep(SweepConfig(file="f.toml"))
    assert swept == ["s1", "s2"]
    assert "s0: no such metric" in capsys.readouterr().err
