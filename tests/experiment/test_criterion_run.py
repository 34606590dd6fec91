"""What child runs share: parameters, tags, columns."""

from types import SimpleNamespace

import pandas as pd
import pytest
from mlflow import MlflowClient
from tests.experiment.runs import run
from torch import nn

from leastloss.data import Data
from leastloss.experiment import criterion_run
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.dense import Dense
from leastloss.options import parameters


def test_the_network_brings_the_parameters_of_its_training(
    networks: dict[str, nn.Module], data: Data
) -> None:
    settings = parameters(TrainConfig(model="mlp", lr=0.5, seed=7))
    dense = Dense(
        model=networks["mlp"], data=data, run_id="d", model_id="m", name="net", settings=settings
    )
    config = PruneConfig(lr=0.1, seed=3, to_sparsity=0.6, steps=4)
    params = criterion_run.child_parameters(config, "nc", dense)
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
    criterion_run.tell_failures(run_id, table)
    criterion_run.tell_remarks(run_id, "nc", [], aloud=True)
    assert capsys.readouterr() == ("", "")
    criterion_run.tell_remarks(run_id, "nc", ["a is empty", "b is lost"], aloud=True)
    criterion_run.tell_remarks(run_id, "nc", ["x" * 10_000], aloud=False)
    assert capsys.readouterr().out == "nc: a is empty\nnc: b is lost\n"
    assert store.get_run(run_id).data.tags[criterion_run.REMARKS] == "x" * 5000


def test_columns_that_identify_a_child_come_first() -> None:
    dense = SimpleNamespace(data=SimpleNamespace(name="digits"), name="mlp 8")
    table = criterion_run.labelled(pd.DataFrame({"step": [0, 1]}), "nc", 3, dense)  # type: ignore[arg-type]  # as far as it is read
    assert list(table.columns) == ["criterion", "seed", "dataset", "network", "step"]
    assert table.iloc[1].tolist() == ["nc", 3, "digits", "mlp 8", 1]


@pytest.mark.parametrize(
    ("tags", "commit"),
    [
        ({}, "unknown"),
        ({"git.commit": "0123456789abcdef", "git.dirty": "false"}, "0123456789"),
        ({"git.commit": "0123456789abcdef", "git.dirty": "true"}, "0123456789 with changes"),
    ],
)
def test_the_commit_of_a_run(tags: dict[str, str], commit: str) -> None:
    assert criterion_run.commit_of(run(1, tags=tags)) == commit
