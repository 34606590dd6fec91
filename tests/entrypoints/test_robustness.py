"""Noise on the networks of train runs, prune runs and their children."""

from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from tests.entrypoints.conftest import Entry, children, newest, refused

MILD = {"corruptions": "gaussian,impulse", "severities": "1,3"}


def table_of(client: MlflowClient, run_id: str) -> pd.DataFrame:
    return pd.read_csv(Path(client.download_artifacts(run_id, "table.csv")))


@pytest.mark.parametrize(
    ("kind", "models"),
    [("train", {"dense"}), ("given", {"dense", "magnitude", "random"}), ("child", {"dense", "nc"})],
)
def test_takes_train_runs_prune_runs_and_children(
    finished: MlflowClient,
    entry: Entry,
    pipeline: dict[str, str],
    kind: str,
    models: set[str],
) -> None:
    child = children(finished, pipeline["own"])["nc"].info.run_id
    run_id = entry.run("robustness", run_id=pipeline.get(kind, child), **MILD)
    table = table_of(finished, run_id)
    assert set(table["model"]) == models
    assert set(table["corruption"]) == {"clean", "gaussian", "impulse"}
    assert {"accuracy", "minority_recall", "sensitivity", "flip_rate"} <= set(table.columns)
    run = finished.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert "dense.gaussian.accuracy" in run.data.metrics
    steps = [m.step for m in finished.get_metric_history(run_id, "dense.impulse.flip_rate")]
    assert steps == [1, 3]
    assert Path(finished.download_artifacts(run_id, "robustness.png")).stat().st_size > 10_000
    clean = table[(table["model"] == "dense") & (table["corruption"] == "clean")]["accuracy"]
    source = pipeline["own"] if kind == "child" else pipeline["train"]
    assert float(clean.iloc[0]) == finished.get_run(source).data.metrics["accuracy"]


def test_at_a_sparsity_the_network_is_the_one_of_that_step(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    child = children(finished, pipeline["given"])["magnitude"].info.run_id
    share = finished.get_metric_history(child, "sparsity")[1].value
    run_id = entry.run("robustness", run_id=child, sparsity=share, **MILD)
    table = table_of(finished, run_id)
    clean = table[(table["model"] == "magnitude") & (table["corruption"] == "clean")]
    wanted = finished.get_metric_history(child, "accuracy")[1].value
    assert float(clean["accuracy"].iloc[0]) == wanted


def test_without_a_run_the_newest_prune_run_is_taken(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    run_id = entry.run("robustness", **MILD)
    assert finished.get_run(run_id).data.tags["leastloss.of_run"] == pipeline["floats"]


def test_same_seed_same_noise(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    one, two, other = (
        table_of(finished, entry.run("robustness", run_id=pipeline["train"], seed=seed, **MILD))
        for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert not one.equals(other)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"corruptions": "gausian"}, "did you mean 'gaussian'"),
        ({"corruptions": ""}, "corruptions or severities is empty"),
        ({"severities": "6"}, "severity"),
        ({"severities": "one"}, "severities is 'one'"),
        ({"severities": ""}, "corruptions or severities is empty"),
        ({"sparsity": "1.5"}, "goes from 0 to 0.94"),
        ({"sparsity": "nan"}, "sparsity is nan"),
        ({"sparsity": "-0.1"}, "sparsity is -0.1"),
        ({"sparsity": "0.1,0.2"}, "must be one number"),
        ({"seed": "-1"}, "seed is -1"),
    ],
)
def test_bad_input_is_one_line(
    finished: MlflowClient,
    entry: Entry,
    pipeline: dict[str, str],
    options: dict[str, str],
    said: str,
) -> None:
    result = entry("robustness", run_id=pipeline["given"], **(MILD | options))
    assert said in refused(result, 2)
    own = newest(finished)
    if own.data.tags["leastloss.kind"] == "robustness":
        assert own.info.status == "FAILED"
        assert said in own.data.tags["failure"]


def test_a_finetuned_network_exists_at_the_end_only(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    tuned = entry.run(
        "prune", run_id=pipeline["train"], criteria="random", recovery="finetune", steps=1
    )
    result = entry("robustness", run_id=tuned, sparsity="0.3", **MILD)
    assert "leave out the sparsity" in refused(result, 2)


def test_a_recalibrated_network_is_made_again(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    child = children(finished, pipeline["repaired"])["magnitude"].info.run_id
    share = finished.get_metric_history(child, "sparsity")[1].value
    table = table_of(finished, entry.run("robustness", run_id=child, sparsity=share, **MILD))
    clean = table[(table["model"] == "magnitude") & (table["corruption"] == "clean")]
    wanted = finished.get_metric_history(child, "accuracy")[1].value
    assert float(clean["accuracy"].iloc[0]) == wanted
