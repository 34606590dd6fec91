"""Specs, copied layer ratios, given sparsities and small runs of the entry point ``prune``."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from tests.entrypoints.conftest import Entry, children, refused
from torch import nn

from leastloss.criteria import Criterion
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models import read_network
from leastloss.plan import Plan
from leastloss.pruning import PruningPath, prune_by

FOLLOWER, LEADER = "magnitude@mils-bdm:boundary=ignore", "mils-bdm:boundary=ignore"


def test_labels_ratios_and_sparsities(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    run_id = entry.run(
        "prune",
        run_id=pipeline["train"],
        criteria=f"{FOLLOWER},{LEADER},flips",
        sparsities="0.1,0.35,0.6",
        balance="polarity",
        permutations=3,
        artifacts="light",
    )
    found = children(finished, run_id)
    assert set(found) == {FOLLOWER, LEADER, "flips"}
    tables = {}
    for label, child in found.items():
        assert child.info.run_name == f"{label} · weight · digits exp-20 · s0"
        given = child.data.params
        assert (given["to_sparsity"], given["steps"], given["balance"]) == ("0.6", "3", "polarity")
        assert child.outputs.model_outputs == []
        assert child.data.metrics["sparsity"] == pytest.approx(0.6, abs=1e-3)
        tables[label] = pd.read_csv(finished.download_artifacts(child.info.run_id, "table.csv"))
        assert set(tables[label]["criterion"]) == {label}
        order = np.load(finished.download_artifacts(child.info.run_id, "removal_order.npy"))
        assert len(order) == tables[label]["removed"].iloc[-1]
    columns = ["removed", "sparsity_layer_0", "sparsity_layer_1"]
    assert tables[FOLLOWER][columns].equals(tables[LEADER][columns])
    # 10 rows of 8 weights: the last two rows lie in no 4 x 4 block; the first layer is 8 x 64.
    assert found[LEADER].data.tags["uncovered_weights"] == "16"
    assert -1 <= tables[LEADER]["shuffled_correlation"].iloc[0] < 1
    assert tables[LEADER]["shuffled_correlation"].iloc[1:].isna().all()
    key = "selection/shuffled_complexity"
    history = finished.get_metric_history(found[LEADER].info.run_id, key)
    assert [(m.step, m.value) for m in history] == [
        (0, pytest.approx(tables[LEADER]["shuffled_complexity"].iloc[0]))
    ]
    assert "shuffled_correlation" not in tables["flips"]
    whole = pd.read_csv(finished.download_artifacts(run_id, "table.csv"))
    assert list(whole["criterion"].unique()) == [FOLLOWER, LEADER, "flips"]
    entry.run("compare", runs=run_id)
    entry.run("robustness", run_id=found[FOLLOWER].info.run_id, corruptions="shot", severities="1")


def test_layers_noise_allocation_and_chains(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    result = entry(
        "prune",
        run_id=pipeline["train"],
        criteria="magnitude",
        sparsities="0.5,0.9",
        spacing="geometric",
        substeps=2,
        allocation="uniform",
        layers="layers.0",
        noise="gaussian:2",
        recovery="recalibrate:samples=10000 + recalibrate:samples=50",
        artifacts="light",
        epochs=4,
        lr=0.5,
    )
    assert result.exit_code == 0, result.output
    assert "ignored, since run_id brings its own network: epochs=4, lr=0.5\n" in result.stderr
    run_id = result.stdout.split()[-1]
    (child,) = children(finished, run_id).values()
    given = child.data.params
    assert given["recovery"] == "recalibrate+recalibrate:samples=50"  # the label
    assert (given["layers"], given["noise"], given["allocation"], given["substeps"]) == (
        "layers.0",
        "gaussian:2",
        "uniform",
        "2",
    )
    assert (given["epochs"], given["lr"]) == ("3", "0.001")  # what it was trained with
    table = pd.read_csv(finished.download_artifacts(child.info.run_id, "table.csv"))
    assert table["sparsity"].tolist() == pytest.approx([0, 0.5, 0.9], abs=1e-3)
    assert table["removed"].iloc[-1] == round(0.9 * 8 * 64)
    for name in ("accuracy", "balanced_accuracy", "minority_recall"):
        last = child.data.metrics[f"noise/gaussian2_{name}"]
        assert last == pytest.approx(table[f"gaussian2_{name}"].iloc[-1])
    # The order's numbers are of the one layer, and the chain has no memory.
    at = entry.run("robustness", run_id=run_id, sparsity="0.5", corruptions="shot", severities="1")
    noisy = pd.read_csv(finished.download_artifacts(at, "table.csv"))
    clean = noisy[(noisy["model"] == "magnitude") & (noisy["severity"] == 0)]
    assert clean["accuracy"].tolist() == pytest.approx([table["accuracy"].iloc[1]])


def test_a_wrong_layer_shows_before_training(store: MlflowClient, entry: Entry) -> None:
    line = refused(entry("prune", layers="layer.0"), 2)
    assert line.startswith("unknown layer 'layer.0'; did you mean 'layers.0'?")
    assert store.search_runs([e.experiment_id for e in store.search_experiments()]) == []


def test_what_is_refused_is_refused_before_training(
    store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trains(*_: object, **__: object) -> None:
        raise AssertionError("it trains")

    monkeypatch.setattr("leastloss.experiment.train.fit", trains)
    said = "flips are those of binary weights"
    assert said in refused(entry("prune", model="mlp", criteria="magnitude,flips"), 2)
    said = "'compensate' sets real weights, which binary layers cannot take"
    assert said in refused(entry("prune", criteria="magnitude", recovery="compensate"), 2)
    runs = store.search_runs([e.experiment_id for e in store.search_experiments()])
    assert runs == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"criteria": "magnitude@nc,random"}, "follows 'nc', which is not among the criteria"),
        ({"criteria": "nc:gamma=0.01,nc"}, "names one twice"),
        ({"criteria": "nc:gama=0.01"}, "unknown option 'gama'; did you mean 'gamma'"),
        ({"criteria": "magnitude@nc,nc", "allocation": "erk"}, "would ignore allocation 'erk'"),
        ({"sparsities": "0.5,0.2"}, "sparsities are 0.5, 0.2; they must increase"),
        ({"sparsities": "a"}, "sparsities is 'a'"),
        ({"balance": "sign"}, "unknown balance 'sign'"),
        ({"balance": "polarity", "granularity": "unit"}, "units have no sign"),
        ({"permutations": 1}, "permutations is 1; it must be 0, or at least 2"),
        ({"artifacts": "maybe"}, "unknown artifacts 'maybe'"),
        ({"controls": "maybe"}, "unknown controls 'maybe'"),
        ({"criteria": "shuffled,nc"}, "'shuffled' needs a criterion whose masks it shuffles"),
        ({"criteria": "shuffled@nc,random"}, "follows 'nc', which is not among the criteria"),
        ({"criteria": "small-dense"}, "'small-dense' is as large as another's pruned network"),
        ({"criteria": "small-dense@nc,nc"}, "follows no layer ratios; write 'small-dense'"),
        ({"sparsities": ","}, "sparsities is ','; it must be a comma list of numbers"),
        ({"spacing": "log"}, "unknown spacing 'log'"),
        ({"substeps": 0}, "substeps is 0"),
        ({"allocation": "erk", "granularity": "unit"}, "allocation 'erk' is for weights"),
        ({"noise": "gaussian:9"}, "severity from 1 to 5"),
        (
            {"layers": "layers.9", "granularity": "unit", "to_sparsity": "0.5"},
            "unknown layer with hidden units",
        ),
        ({"recovery": "recalibrate+finetune:epochs=0"}, "epochs=0"),
        ({"recovery": "finetune:loss=focal"}, "unknown loss 'focal'"),
        ({"criteria": "margin"}, "'margin' scores hidden units, not single weights"),
        ({"lr": "0"}, "lr is 0.0"),
        ({"epochs": "0"}, "epochs is 0"),
        ({"model": "cnn"}, "unknown model 'cnn'"),
    ],
)
def test_bad_input_is_one_line(
    store: MlflowClient, entry: Entry, options: dict[str, str], said: str
) -> None:
    assert said in refused(entry("prune", **options), 2)
    assert store.search_runs([e.experiment_id for e in store.search_experiments()]) == []


def test_what_a_trained_network_forbids_is_said_before_a_run(
    store: MlflowClient, entry: Entry
) -> None:
    # The first layer is 3 x 64: no 4 x 4 block lies in it.
    train = entry.run("train", hidden="3", epochs=1)
    line = refused(
        entry("prune", run_id=train, criteria="mils-bdm,magnitude", boundary="ignore"), 2
    )
    assert line.startswith("mils-bdm:boundary=ignore: a 3x64 matrix has no 4x4 block")
    assert len(store.search_runs([e.experiment_id for e in store.search_experiments()])) == 1


def test_one_criterion_that_is_refused_takes_no_other_with_it(
    store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slips(
        model: nn.Module, data: Data, criterion: Criterion, plan: Plan, *, resume: None
    ) -> PruningPath:
        if criterion.name == "nc":
            raise InputError("a slip")
        return prune_by(model, data, criterion, plan)

    monkeypatch.setattr("leastloss.experiment.prune_run.child_run.prune_by", slips)
    train = entry.run("train", hidden="3")
    options = {"criteria": "nc,random@nc,magnitude,random", "artifacts": "light", "hidden": "3"}
    line = refused(entry("prune", run_id=train, **options), 2)
    assert line == "nc: a slip; random@nc: 'nc', which it follows, was refused"
    runs = store.search_runs([e.experiment_id for e in store.search_experiments()])
    found = {run.info.run_name: run.info.status for run in runs if run.info.run_id != train}
    where = "digits exp-20 · s0"
    assert found == {
        f"prune weights · {where}": "FAILED",
        f"nc · weight · {where}": "FAILED",
        f"magnitude · weight · {where}": "FINISHED",
        f"random · weight · {where}": "FINISHED",
    }


def test_remarks_are_printed_kept_in_the_run_and_shown_on_the_page(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    given = {"run_id": pipeline["train"], "criteria": "random", "layers": "layers.0"}
    given |= {"to_sparsity": "0.9999", "steps": "1", "artifacts": "light"}
    said = refused(entry("prune", **given), 2)
    assert "of 512 parts would remove 512; at least one part must go and one must stay" in said
    given |= {"to_sparsity": "0.998", "empty_layers": "yes"}
    result = entry("prune", **given)
    assert result.exit_code == 0, result.output
    run_id = result.stdout.split()[-1]
    (child,) = children(finished, run_id).values()
    remarks = child.data.tags["leastloss.remarks"].splitlines()
    assert remarks[0].startswith("0.14 of the network's weights stay dense: layers.")
    assert remarks[1].startswith("no longer predicted: class")
    assert all(f"random: {remark}\n" in result.stdout for remark in remarks)
    table = pd.read_csv(finished.download_artifacts(child.info.run_id, "table.csv"))
    assert table["network_sparsity"].iloc[-1] == pytest.approx(511 / 592)
    assert child.data.metrics["network_sparsity"] == pytest.approx(511 / 592)
    page = finished.download_artifacts(entry.run("compare", runs=run_id), "compare.html")
    assert "<code>random</code>: 0.14 of the network" in Path(page).read_text()


def test_a_child_goes_on_as_if_it_had_never_stopped(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    shared: dict[str, object] = {"run_id": pipeline["train"], "controls": "no", "seed": 3}
    whole = entry.run(
        "prune", criteria="nc", sparsities="0.5,0.8", recovery="recalibrate", **shared
    )
    first = entry.run(
        "prune",
        criteria="nc",
        sparsities="0.5",
        recovery="recalibrate",
        artifacts="light",
        **shared,
    )
    half = children(finished, first)["nc"].info.run_id
    called = entry("prune", run_id=half, criteria="magnitude", sparsities="0.8", recovery="none")
    assert called.exit_code == 0, called.output
    assert "ignored, since run_id brings its own path: recovery=none" in called.stderr
    assert "criteria=magnitude" in called.stderr
    parent = called.stdout.splitlines()[-1].split()[-1]
    (rest,) = children(finished, parent).values()
    (expected,) = children(finished, whole).values()
    assert rest.data.params["criterion"] == "nc"
    assert rest.data.params["seed"] == "3"
    assert rest.data.tags["leastloss.continues"] == half
    assert f"-P run_id={half} -P sparsities=0.8" in rest.data.tags["mlflow.note.content"]
    files = [
        [Path(finished.download_artifacts(run.info.run_id, name)) for run in (rest, expected)]
        for name in ("removal_order.npy", "pruned_weights.safetensors")
    ]
    assert np.array_equal(*map(np.load, files[0]))
    states = [read_network(file)[0].state_dict() for file in files[1]]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[1])
    for metric in ("accuracy", "loss", "sparsity", "cost/compression_ratio"):
        assert rest.data.metrics[metric] == expected.data.metrics[metric]


def test_what_cannot_go_on_is_one_line(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    child = children(finished, pipeline["own"])["nc"].info.run_id
    assert "ask for more" in refused(entry("prune", run_id=child, sparsities="0.5"), 2)
    finished.set_tag(child, "leastloss.controls_of", "mils-bdm")
    assert "follows another path, and cannot go on" in refused(entry("prune", run_id=child), 2)
