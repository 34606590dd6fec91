"""Runs side by side: which are taken, how they are labelled, which are refused."""

import re
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from tests.entrypoints.conftest import ALL, Entry, children, newest, refused


def table_of(client: MlflowClient, run_id: str) -> pd.DataFrame:
    return pd.read_csv(Path(client.download_artifacts(run_id, "table.csv")))


@pytest.mark.usefixtures("drawn")
def test_one_prune_run(finished: MlflowClient, entry: Entry, pipeline: dict[str, str]) -> None:
    run_id = entry.run("compare", runs=pipeline["own"])
    table = table_of(finished, run_id)
    assert set(table["criterion"]) == set(ALL.split(","))
    assert len(table) == 5 * 3
    page = Path(finished.download_artifacts(run_id, "compare.html")).read_text()
    for words in ("mils-bdm", "<svg", "95", pipeline["own"], "minority recall", "Neural collapse"):
        assert words in page
    assert "<script src" not in page
    for name in ("compare.png", "compare.svg", "collapse.png", "collapse.svg"):
        assert Path(finished.download_artifacts(run_id, name)).stat().st_size > 10_000
    run = finished.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["leastloss.kind"] == "compare"


@pytest.mark.usefixtures("drawn")  # the interval is told in the legend of a figure
def test_seeds_are_averaged_with_an_interval(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    runs = [
        children(finished, pipeline[kind])[name].info.run_id
        for kind in ("given", "own")
        for name in ("magnitude", "random")
    ]
    run_id = entry.run("compare", runs=",".join(runs), metrics="balanced_accuracy")
    table = table_of(finished, run_id)
    assert table.groupby("criterion")["seed"].nunique().to_dict() == {"magnitude": 2, "random": 2}
    page = Path(finished.download_artifacts(run_id, "compare.html")).read_text()
    assert "mean and 95 % bootstrap interval over 2 seeds" in page
    assert re.search(r"<td>[\d.]+<small>[\d.]+–[\d.]+</small></td>", page)
    assert "n = 2: a claim needs 3 seeds or more" in page


def test_the_page_says_when_runs_were_not_made_alike(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    child = children(finished, pipeline["own"])["random"]
    finished.set_tag(child.info.run_id, "threads", "7")
    run_id = entry.run("compare", runs=pipeline["own"])
    page = Path(finished.download_artifacts(run_id, "compare.html")).read_text()
    assert "The compared runs were not made alike" in page
    assert "threads is 1 (4 runs) and 7 (1 run, of <code>random</code>)." in page


def test_of_duplicates_the_newest_counts(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    result = entry("compare", experiment="twice")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("made more than once") == 5
    table = table_of(finished, newest(finished).info.run_id)
    again = {r.info.run_id for r in children(finished, pipeline["again"]).values()}
    assert set(table["run_id"]) == again


def test_other_recovery_is_another_label(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    run_id = entry.run("compare", runs=f"{pipeline['given']},{pipeline['repaired']}")
    assert set(table_of(finished, run_id)["criterion"]) == {
        f"{name}, recovery={how}"
        for name in ("magnitude", "random")
        for how in ("none", "recalibrate")
    }


def test_without_a_run_the_newest_prune_run_is_taken(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    run_id = entry.run("compare")
    (child,) = children(finished, pipeline["floats"]).values()
    assert finished.get_run(run_id).data.tags["leastloss.of_run"] == child.info.run_id


@pytest.mark.parametrize(
    ("kinds", "options", "code", "said"),
    [
        (["own", "floats"], {}, 2, "the runs differ in imbalance ('exp', 'none')"),
        (["train"], {}, 1, "is no prune run"),
        (["own"], {"metrics": "acuracy"}, 2, "did you mean 'accuracy'"),
        (["own"], {"metrics": ""}, 2, "metric"),
        (["own"], {"metrics": "accuracy,accuracy"}, 2, "each may occur once"),
        (["own"], {"metrics": "sparsity"}, 2, "did you mean 'weight_sparsity'? There are: "),
        (["own"], {"metrics": "seed"}, 2, "unknown metric 'seed'; did you mean 'sde'? There are: "),
        (["own"], {"metrics": "criterion"}, 2, ", recall_class_<k>, "),
        (["own"], {"metrics": "dataset"}, 2, ", val_<metric>"),
        (["own"], {"against": "nope"}, 2, "unknown method 'nope'; there are: "),
        (["own"], {"sparsities": "1.5"}, 2, "each must be a number in [0, 1]"),
        (["own"], {"experiment": "twice"}, 2, "choose one of them"),
        ([], {"experiment": "nowhere"}, 1, "there is no experiment 'nowhere'; there are: "),
        ([], {"experiment": "Default"}, 2, "has no finished prune run"),
        ([], {"runs": "abc"}, 1, "there is no run 'abc'"),
    ],
)
def test_bad_input_is_one_line(
    finished: MlflowClient,
    entry: Entry,
    pipeline: dict[str, str],
    kinds: list[str],
    options: dict[str, str],
    code: int,
    said: str,
) -> None:
    given = {"runs": ",".join(pipeline[kind] for kind in kinds)} | options
    before = newest(finished).info.run_id
    assert said in refused(entry("compare", **given), code)
    assert newest(finished).info.run_id == before


def test_runs_trained_differently_are_refused(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    other = entry.run("prune", criteria="random", epochs=1, seed=2)
    line = refused(entry("compare", runs=f"{pipeline['given']},{other}"), 2)
    assert "the runs differ in epochs ('1', '3')" in line
