"""``prune --controls yes`` against a real store: all children, their tags and their sizes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from tests.entrypoints.conftest import Entry, children, statuses

import leastloss.experiment.prune_run.child_run as recipe
from leastloss.controls import missing_controls
from leastloss.models.files import read_network
from leastloss.models.layers import weight_layers

LABELS = ["nc", "magnitude"]
ADDED = ["random@nc", "magnitude@nc", "shuffled@nc"]


def table(client: MlflowClient, run: Any) -> pd.DataFrame:
    return pd.read_csv(client.download_artifacts(run.info.run_id, "table.csv"))


def artifacts(client: MlflowClient, run: Any) -> set[str]:
    return {found.path for found in client.list_artifacts(run.info.run_id)}


def test_controls_of_weights(
    store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_ones, log = [], recipe._log_path

    def spy(run_id: str, *rest: Any) -> None:
        *facts, models = rest
        whole_ones.extend([run_id] * bool(models))
        log(run_id, *facts, [])  # exports and figures take seconds

    monkeypatch.setattr(recipe, "_log_path", spy)
    options = {"criteria": ",".join(LABELS), "hidden": "16", "epochs": 2, "steps": 4}
    run_id = entry.run("prune", controls="yes", to_sparsity=0.8, recovery="recalibrate", **options)
    found = children(store, run_id)
    assert set(found) == {*LABELS, *ADDED, "small-dense"}
    assert statuses(store) == {"FINISHED"}
    assert missing_controls(found) == {"nc": []}
    tables = {label: table(store, run) for label, run in found.items()}
    for label, run in found.items():
        tags = run.data.tags
        assert tags["leastloss.kind"] == "criterion"
        assert tags["leastloss.role"] == ("method" if label in LABELS else "control")
        assert run.data.params["controls"] == "yes"
        assert set(tables[label]) == set(tables["nc"]), label
        # Controls are light: tables and weights, no figures and no exported network.
        assert (run.info.run_id in whole_ones) == (label in LABELS)
        assert ("cost/latency_ms" in run.data.metrics) == (label in [*LABELS, "small-dense"])
    for label in ADDED:
        assert found[label].data.tags["leastloss.controls_of"] == "nc"
        columns = ["step", "removed", "sparsity_layer_0", "sparsity_layer_1"]
        assert tables[label][columns].equals(tables["nc"][columns]), label
        assert tables[label].iloc[0]["accuracy"] == tables["nc"].iloc[0]["accuracy"]
    assert found["small-dense"].data.tags["leastloss.controls_of"] == "nc"
    assert "leastloss.controls_of" not in found["nc"].data.tags
    small_is_no_larger(store, found, tables)

    def masks(label: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        path = store.download_artifacts(found[label].info.run_id, "pruned_weights.safetensors")
        kept = read_network(Path(path))[1]
        return np.concatenate([mask.flatten().numpy() for mask in kept.values()])

    assert masks("nc").sum() == masks("shuffled@nc").sum()
    assert (masks("nc") != masks("shuffled@nc")).any()
    assert "removal_order.npy" not in artifacts(store, found["shuffled@nc"])
    assert "removal_order.npy" in artifacts(store, found["random@nc"])
    whole = table(store, store.get_run(run_id))
    assert set(whole["criterion"]) == set(found)
    # At a sparsity, those take part that have a network there.
    noisy = {"run_id": run_id, "corruptions": "shot", "severities": "1"}
    models = table(store, store.get_run(entry.run("robustness", sparsity="0.4", **noisy)))["model"]
    assert set(models) == {"dense", *found} - {"shuffled@nc", "small-dense"}


def small_is_no_larger(
    client: MlflowClient, found: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> None:
    small = tables["small-dense"]
    at = tables["nc"].iloc[[0, 2, 3, 4]].reset_index(drop=True)  # keeps all, 60, 40 and 20 %
    assert small[["step", "removed", "sparsity"]].equals(at[["step", "removed", "sparsity"]])
    for column in ("parameters", "multiply_adds", "bits"):
        assert (small[column].diff().iloc[1:] < 0).all()
    assert (small["parameters"] <= at["parameters"]).all()
    assert (small["multiply_adds"] <= at["multiply_adds"]).all()
    run = found["small-dense"]
    widths = [int(one) for one in run.data.tags["leastloss.widths"].split("; ")]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] < 16
    path = client.download_artifacts(run.info.run_id, "pruned_weights.safetensors")
    model, masks, _ = read_network(Path(path))
    assert masks == {}
    assert len(next(iter(weight_layers(model).values())).weight) == widths[-1]
    history = client.get_metric_history(run.info.run_id, "sparsity")
    assert [(m.step, m.value) for m in history] == [
        (int(step), share) for step, share in small[["step", "sparsity"]].itertuples(index=False)
    ]


def test_controls_of_units_on_the_network_of_a_run(store: MlflowClient, entry: Entry) -> None:
    train = entry.run("train", hidden="16", epochs=3)
    options = {"granularity": "unit", "sparsities": "0.5,0.75", "artifacts": "light"}
    run_id = entry.run("prune", run_id=train, criteria="nc", controls="yes", **options)
    found = children(store, run_id)
    assert len(found) == 5
    tables = {label: table(store, run) for label, run in found.items()}
    for label in ("random@nc", "magnitude@nc", "shuffled@nc"):
        assert tables[label]["removed"].tolist() == [0, 8, 12]
        assert tables[label]["parameters"].equals(tables["nc"]["parameters"])  # one hidden layer
    assert found["small-dense"].data.tags["leastloss.widths"] == "8; 4"
    assert tables["small-dense"]["parameters"].equals(tables["nc"]["parameters"])
    assert "cost/latency_ms" not in found["small-dense"].data.metrics
    assert found["small-dense"].data.params["hidden"] == "16"  # of the network it starts from


def test_a_network_that_cannot_be_small_costs_the_others_nothing(
    store: MlflowClient, entry: Entry
) -> None:
    result = entry(
        "prune",
        criteria="nc",
        controls="yes",
        hidden="2",
        to_sparsity=0.7,
        steps=1,
        artifacts="light",
    )
    assert result.exit_code == 0, result.output
    assert "controls left out: small-dense: no dense binarized-mlp has" in result.stderr
    assert len(children(store, result.stdout.split()[-1])) == 4
    assert statuses(store) == {"FINISHED"}
