"""Names, parameters, tags and notes of runs, and the columns of their tables."""

from types import SimpleNamespace

import pandas as pd
import pytest
from mlflow import MlflowClient
from tests.experiment.runs import run
from torch import nn

from leastloss.data import Data
from leastloss.experiment import run_names
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.dense import Dense
from leastloss.experiment.run_names import child_name, name_tags, note_of
from leastloss.options import parameters


def test_names_and_tags() -> None:
    params = run(1).data.params
    assert child_name(params) == "nc · weight · digits exp-20 · s0"
    tags = name_tags(params)
    assert tags["leastloss.method"] == "nc"
    assert tags["leastloss.dataset"] == "digits exp-20"
    assert tags["leastloss.model"] == "mlp 8"


def test_a_note_says_what_is_not_the_default() -> None:
    params = run(1).data.params | {"epochs": "300", "lr": "0.5", "replicate": "2", "data_dir": "x"}
    note = note_of(params, "Prunes.", "mlflow run .")
    assert "- data: dataset digits, imbalance exp, replicate 2\n" in note
    assert "- network: model mlp, hidden 8, lr 0.5\n" in note
    assert note.endswith("```sh\nmlflow run .\n```")


def test_the_network_brings_the_parameters_of_its_training(
    networks: dict[str, nn.Module], data: Data
) -> None:
    settings = parameters(TrainConfig(model="mlp", lr=0.5, seed=7))
    dense = Dense(
        model=networks["mlp"], data=data, run_id="d", model_id="m", name="net", settings=settings
    )
    config = PruneConfig(lr=0.1, seed=3, to_sparsity=0.6, steps=4)
    params = run_names.child_parameters(config, "nc", dense)
    assert (params["lr"], params["model"], params["dense_seed"]) == ("0.5", "mlp", "7")
    assert (params["seed"], params["criterion"], params["run_id"]) == ("3", "nc", "d")
    assert (params["to_sparsity"], params["steps"]) == ("0.6", "4")
    assert (parameters(config)["recovery"], params["recovery"]) == ("auto", "compensate")


def test_failures_and_remarks_are_printed_and_tagged(
    store: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    (experiment,) = store.search_experiments(filter_string="name = 'test'")
    run_id = store.create_run(experiment.experiment_id).info.run_id
    table = pd.DataFrame({"criterion": "nc", "sparsity": [0.0, 0.5], "accuracy": [0.9, 0.8]})
    run_names.tell_failures(run_id, table)
    run_names.tell_remarks(run_id, "nc", [], aloud=True)
    assert capsys.readouterr() == ("", "")
    run_names.tell_remarks(run_id, "nc", ["a is empty", "b is lost"], aloud=True)
    run_names.tell_remarks(run_id, "nc", ["x" * 10_000], aloud=False)
    assert capsys.readouterr().out == "nc: a is empty\nnc: b is lost\n"
    assert store.get_run(run_id).data.tags[run_names.REMARKS] == "x" * 5000


def test_columns_that_identify_a_child_come_first() -> None:
    dense = SimpleNamespace(data=SimpleNamespace(name="digits"), name="mlp 8")
    table = run_names.labelled(pd.DataFrame({"step": [0, 1]}), "nc", 3, dense)  # type: ignore[arg-type]  # as far as it is read
    assert list(table.columns) == ["criterion", "seed", "dataset", "network", "step"]
    assert table.iloc[1].tolist() == ["nc", 3, "digits", "mlp 8", 1]
