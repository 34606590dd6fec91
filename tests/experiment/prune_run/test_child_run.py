"""What a child run logs of its path."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from torch import nn

from leastloss import tracking
from leastloss.data import Data
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.dense import Dense
from leastloss.experiment.prune_run import child_run
from leastloss.experiment.prune_run.artifacts import LAST, ORDER, SPARSITY, USABLE, Logged
from leastloss.experiment.prune_run.child_run import pruned_child
from leastloss.experiment.prune_run.choices import Choice
from leastloss.experiment.robustness_run.networks import pruned_network
from leastloss.options import parameters

CONFIG = PruneConfig(model="mlp", steps=3, to_sparsity=0.6, recovery="none", artifacts="light")


@pytest.fixture
def dense(networks: dict[str, nn.Module], data: Data) -> Dense:
    settings = parameters(TrainConfig(model="mlp", hidden="12,8"))
    return Dense(
        model=networks["mlp"], data=data, run_id="d", model_id="", name="net", settings=settings
    )


def test_a_path_its_table_and_a_control_that_shuffles_it(
    store: MlflowClient, dense: Dense, capsys: pytest.CaptureFixture[str]
) -> None:
    with tracking.run("prune", "parent", {}):
        path, table = pruned_child(CONFIG, Choice.of("magnitude"), dense, None)
        control = Choice.of("shuffled", "magnitude")
        _, shuffled = pruned_child(CONFIG, control, dense, path)
    (experiment,) = store.search_experiments(filter_string="name = 'test'")
    runs = {
        run.data.params["criterion"]: run
        for run in store.search_runs([experiment.experiment_id])
        if run.data.tags["leastloss.kind"] == "criterion"
    }
    run = runs["magnitude"]
    assert run.data.tags["leastloss.role"] == "method"
    assert runs["shuffled@magnitude"].data.tags["leastloss.controls_of"] == "magnitude"
    order = np.load(store.download_artifacts(run.info.run_id, ORDER))
    assert np.array_equal(order, path.removal_order)
    written = pd.read_csv(Path(store.download_artifacts(run.info.run_id, "table.csv")))
    assert written["accuracy"].tolist() == pytest.approx(table["accuracy"].tolist())
    names = {file.path for file in store.list_artifacts(runs["shuffled@magnitude"].info.run_id)}
    assert ORDER not in names  # its steps are no one path
    assert shuffled["removed"].tolist() == table["removed"].tolist()
    history = store.get_metric_history(run.info.run_id, "sparsity")
    assert [metric.step for metric in history] == [0, 1, 2, 3]
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0].split() for line in lines[:2]] == [
        ["magnitude", "sparsity", "0.40"],
        ["sparsity", "0.60"],
    ]


def test_the_usable_network_of_a_repair_with_a_memory_is_kept(
    store: MlflowClient, dense: Dense, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be made again from the order, and would be lost but for its file."""
    chosen = [Logged(name=USABLE, row=1, sparsity=0.2), Logged(name=LAST, row=3, sparsity=0.6)]
    monkeypatch.setattr(child_run, "models_of", lambda table, before: chosen)
    monkeypatch.setattr(child_run, "log_models", lambda run_id, *rest: log(run_id))
    monkeypatch.setattr(child_run, "pictures", lambda path, dense: {})

    def log(run_id: str) -> dict[int, str]:
        tracking.log_tags(run_id, {SPARSITY[USABLE]: "0.2"})
        return {}

    config = replace(CONFIG, artifacts="full", recovery="finetune:epochs=1")
    with tracking.run("prune", "parent", {}):
        path, _ = pruned_child(config, Choice.of("magnitude"), dense, None)
    (experiment,) = store.search_experiments(filter_string="name = 'test'")
    (run,) = store.search_runs([experiment.experiment_id], "tags.`leastloss.kind` = 'criterion'")
    network, sparsity = pruned_network(run, dense, 0.2)
    expected = path.model_at(path.steps[1].removed / len(path.parts)).state_dict()
    assert sparsity == 0.2
    assert all(torch.equal(network.state_dict()[name], expected[name]) for name in expected)
