"""Noise on the networks of train runs, prune runs and their children."""

from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from tests.entrypoints.conftest import Entry, children, newest, refused
from torch import Tensor, nn

from leastloss.data import CORRUPTIONS
from leastloss.evaluation import predict

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
    assert list(table.columns[:5]) == ["model", "criterion", "sparsity", "corruption", "severity"]
    wanted = {"accuracy", "minority_recall", "sensitivity", "flip_rate", "calibration_error"}
    assert wanted | {"failed", "sensitivity_class_0"} <= set(table.columns)
    assert table["failed"].isna().all()
    run = finished.get_run(run_id)
    assert run.info.status == "FINISHED"
    steps = finished.get_metric_history(run_id, "gaussian/accuracy.dense")
    dense = table[(table["model"] == "dense") & table["corruption"].isin(["clean", "gaussian"])]
    assert [(m.step, m.value) for m in steps] == [
        *zip(dense["severity"], dense["accuracy"], strict=True)
    ]
    assert run.data.metrics["mce/dense"] == 1
    summary = pd.read_csv(Path(finished.download_artifacts(run_id, "summary.csv")))
    assert set(summary["model"]) == models
    for row in summary.to_dict("records"):
        own = table[(table["model"] == row["model"]) & (table["severity"] > 0)]
        assert row["mean_accuracy"] == pytest.approx(own["accuracy"].mean())
        impulse = own[own["corruption"] == "impulse"]
        assert row["impulse_accuracy"] == pytest.approx(impulse["accuracy"].mean())
    clean = table[(table["model"] == "dense") & (table["corruption"] == "clean")]["accuracy"]
    source = pipeline["own"] if kind == "child" else pipeline["train"]
    assert float(clean.iloc[0]) == finished.get_run(source).data.metrics["accuracy"]


@pytest.mark.usefixtures("drawn")
def test_its_figures_are_drawn(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    run_id = entry.run("robustness", run_id=pipeline["train"], **MILD)
    for name in ("robustness", "robustness_minority", "robustness_matrix", "corruption_errors"):
        picture = Path(finished.download_artifacts(run_id, f"{name}.png"))
        assert picture.stat().st_size > 8_000
    assert Path(finished.download_artifacts(run_id, "corruptions.png")).exists()


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


def test_several_sparsities_in_one_pass(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    run_id = entry.run("robustness", run_id=pipeline["given"], sparsity="0.2,0.5", **MILD)
    table = table_of(finished, run_id)
    assert list(table["model"].unique()) == [
        *("dense", "magnitude at 0.2", "magnitude at 0.5", "random at 0.2", "random at 0.5")
    ]
    sparsity = table.groupby("model")["sparsity"].first()
    assert sparsity["dense"] == 0
    assert sparsity["random at 0.2"] == pytest.approx(0.2, abs=0.001)
    assert set(table["criterion"]) == {"dense", "magnitude", "random"}
    alone = table_of(
        finished, entry.run("robustness", run_id=pipeline["given"], sparsity="0.5", **MILD)
    )
    assert list(alone["model"].unique()) == ["dense", "magnitude", "random"]
    # The same networks under the same noise, whatever else is evaluated.
    for criterion in ("magnitude", "random"):
        one = table[table["model"] == f"{criterion} at 0.5"].drop(columns="model")
        other = alone[alone["model"] == criterion].drop(columns="model")
        pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def test_all_corruptions_by_default_and_attacks_on_top(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    run_id = entry.run("robustness", run_id=pipeline["train"], severities=5, attacks="fgsm")
    table = table_of(finished, run_id)
    assert list(table["corruption"]) == ["clean", *CORRUPTIONS, "weight-noise", "fgsm"]
    assert table.set_index("corruption").loc["fgsm", "sensitivity"] > 0


def test_children_of_another_dense_network_are_refused(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    child = children(finished, pipeline["given"])["random"].info.run_id
    finished.set_tag(child, "leastloss.dense_run", pipeline["own"])
    line = refused(entry("robustness", run_id=pipeline["given"], **MILD), 1)
    assert "was pruned from another dense network" in line


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
        ({"severities": "6"}, "severities is '6'; each must be an integer in [1, 5]"),
        ({"severities": "0,1"}, "severities is '0,1'"),
        ({"severities": "1,1"}, "severities is '1,1'; each may occur once"),
        ({"attacks": "fgms"}, "did you mean 'fgsm'"),
        ({"severities": "one"}, "severities is 'one'"),
        ({"severities": ""}, "corruptions or severities is empty"),
        ({"sparsity": "1.5"}, "each must be a number in [0, 1]"),
        ({"sparsity": "0.99"}, "goes from 0 to 0.94"),
        ({"sparsity": "nan"}, "sparsity is 'nan'"),
        ({"sparsity": "-0.1"}, "sparsity is '-0.1'"),
        ({"sparsity": "0.1,0.1"}, "each may occur once"),
        ({"sparsity": "0.1,x"}, "comma list of numbers"),
        ({"severities": "1.5"}, "severities is '1.5'; it must be a comma list of whole numbers"),
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
    before = newest(finished).info.run_id
    result = entry("robustness", run_id=pipeline["given"], **(MILD | options))
    assert said in refused(result, 2)
    assert newest(finished).info.run_id == before


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


def test_a_network_that_fails_under_noise_keeps_the_rest_of_its_path_and_of_the_page(
    finished: MlflowClient,
    entry: Entry,
    pipeline: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    def fails_at_last(model: nn.Module, x: Tensor) -> Tensor:
        calls.append(len(x))
        return predict(model, x) * (float("nan") if len(calls) == 3 else 1.0)  # of steps 0 to 2

    monkeypatch.setattr("leastloss.pruning.noise.predict", fails_at_last)
    result = entry("prune", run_id=pipeline["train"], criteria="magnitude,random", noise="shot:2")
    assert result.exit_code == 0, result.output
    (line,) = [text for text in result.stderr.splitlines() if "failed" in text]
    assert line.startswith("failed under noise, so NaN there: magnitude under shot2: failed at 1 ")
    run_id = result.stdout.split()[-1]
    own = children(finished, run_id)
    tags = {name: child.data.tags for name, child in own.items()}
    assert line.endswith(tags["magnitude"]["leastloss.failed_under_noise"])
    assert "leastloss.failed_under_noise" not in tags["random"]
    page = entry.run("compare", runs=run_id, metrics="accuracy,shot2_accuracy")
    text = Path(finished.download_artifacts(page, "compare.html")).read_text(encoding="utf-8")
    assert "magnitude under shot2: failed at 1 of 3 steps" in text
    assert "are left out, of all seeds" in text


def test_the_page_of_a_prune_run_shows_its_robustness_run(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    entry.run("robustness", run_id=pipeline["own"], corruptions="shot", severities="2")
    result = entry("compare", runs=pipeline["own"])
    assert result.exit_code == 0, result.output
    assert "left out" not in result.stderr
    page = newest(finished).info.run_id
    text = Path(finished.download_artifacts(page, "compare.html")).read_text(encoding="utf-8")
    assert "shot" in text
    assert "mlflow run . -e robustness" not in text  # no network lacks one
