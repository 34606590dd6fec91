"""What a user sees when something is wrong: one line, an exit code, and no run that is open."""

import errno
import os
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from tests.data.conftest import mnist_like  # noqa: F401  # a fixture
from tests.entrypoints.conftest import Entry, children, newest, refused, statuses

from leastloss.data import load_data
from leastloss.experiment import train
from leastloss.experiment.config import TrainConfig
from leastloss.models import MLP
from leastloss.models.files import save_network
from leastloss.options import parameters


def runs_of(client: MlflowClient) -> list[Any]:
    return client.search_runs([e.experiment_id for e in client.search_experiments()])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dataset": "digit"}, "unknown data set 'digit'; did you mean 'digits'?"),
        ({"model": "binarised-mlp"}, "unknown model 'binarised-mlp'; did you mean 'binarized-mlp'"),
        ({"imbalance": "expp"}, "unknown imbalance profile 'expp'; did you mean 'exp'?"),
        ({"ratio": "0.5"}, "ratio is 0.5"),
        ({"ratio": "nan"}, "ratio is nan"),
        ({"ratio": "10000"}, "would leave class 5 empty"),
        ({"imbalance": "named", "rare": "3,11", "share": "0.1"}, "11"),
        ({"imbalance": "named", "rare": "x", "share": "0.1"}, "rare is 'x'"),
        ({"imbalance": "named", "rare": "3", "share": "0.0001"}, "class 3"),
        ({"subset": "0"}, "subset is 0.0"),
        ({"hidden": "8,x"}, "hidden is '8,x'"),
        ({"hidden": "0"}, "hidden is '0'; each must be an integer in [1, 1000000]"),
        ({"size": "1"}, "size is '1'"),
        ({"epochs": "0"}, "epochs is 0; it must be an integer in [1, 1000000]"),
        ({"lr": "nan"}, "lr is nan; it must be a number in (0, 1000]"),
        ({"seed": "-1"}, "seed is -1"),
    ],
)
def test_train(store: MlflowClient, entry: Entry, options: dict[str, str], said: str) -> None:
    assert said in refused(entry("train", **options), 2)
    assert runs_of(store) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"criteria": "mils"}, "unknown criterion 'mils'; did you mean 'mils-bdm'?"),
        ({"criteria": "random,magnitud"}, "did you mean 'magnitude'?"),
        ({"criteria": ""}, "criteria is empty; there are: mils-bdm"),
        ({"criteria": "nc,nc"}, "names one twice"),
        ({"to_sparsity": "0"}, "to_sparsity is 0.0; it must be a number in (0, 1)"),
        ({"to_sparsity": "1"}, "to_sparsity is 1.0; it must be a number in (0, 1)"),
        ({"to_sparsity": "nan"}, "to_sparsity is nan"),
        ({"steps": "0"}, "steps is 0; it must be an integer in [1, 1000000]"),
        ({"recovery": "finetun"}, "unknown recovery 'finetun'; did you mean 'finetune'?"),
        ({"schedule": "iterativ"}, "unknown schedule 'iterativ'; did you mean 'iterative'?"),
        ({"granularity": "units"}, "unknown granularity 'units'; did you mean 'unit'?"),
        ({"encoding": "signs", "criteria": "mils-bdm"}, "did you mean 'sign'?"),
        ({"boundary": "periodical", "criteria": "mils-bdm"}, "did you mean 'periodic'?"),
        ({"granularity": "unit", "to_sparsity": "0.99"}, "of 8 parts would remove 8"),
    ],
)
def test_prune_is_refused_before_any_run_is_opened(
    store: MlflowClient, entry: Entry, options: dict[str, str], said: str
) -> None:
    assert said in refused(entry("prune", **options), 2)
    assert runs_of(store) == []


@pytest.mark.parametrize(("name", "option"), [("train", "epochs"), ("prune", "steps")])
def test_a_word_for_a_number(store: MlflowClient, entry: Entry, name: str, option: str) -> None:
    line = refused(entry(name, **{option: "many"}), 2)
    assert line == f"Invalid value for '--{option}': 'many' is not a valid integer."


@pytest.mark.parametrize("name", ["prune", "robustness"])
def test_a_run_that_does_not_exist(store: MlflowClient, entry: Entry, name: str) -> None:
    line = refused(entry(name, run_id="0123abc"), 1)
    assert line.startswith("there is no run '0123abc' in the tracking store sqlite:///")
    assert runs_of(store) == []


@pytest.mark.parametrize("name", ["robustness", "compare"])
def test_an_empty_store(store: MlflowClient, entry: Entry, name: str) -> None:
    line = refused(entry(name), 1)
    assert line == ("there is no finished prune run yet; make one with `mlflow run . -e prune`")
    assert runs_of(store) == []


@pytest.mark.parametrize("name", ["prune", "robustness"])
def test_runs_without_a_network(store: MlflowClient, entry: Entry, name: str) -> None:
    kind = {"leastloss.kind": "train"}
    for tags in (kind, {}):  # of ours, and foreign
        run_id = store.create_run("1", tags=tags).info.run_id
        line = refused(entry(name, run_id=run_id), 1)
        assert line.startswith(f"run {run_id!r} is RUNNING; what did not finish is taken only with")
        line = refused(entry(name, run_id=run_id, unfinished="yes"), 1)
        assert f"run {run_id!r} holds no " in line


def clone(client: MlflowClient, run_id: str, changes: dict[str, bytes]) -> str:
    """A copy of a run in which some artifacts are others, without digests as in older runs."""
    old = client.get_run(run_id)
    left_out = ("mlflow.p", "sha256.")
    tags = {k: v for k, v in old.data.tags.items() if not k.startswith(left_out)}
    new = client.create_run(old.info.experiment_id, tags=tags).info.run_id
    for key, value in old.data.params.items():
        client.log_param(new, key, value)
    for item in client.list_artifacts(run_id):
        path = Path(client.download_artifacts(run_id, item.path))
        if path.is_file():
            changed = Path(item.path)
            changed.write_bytes(changes.get(item.path, path.read_bytes()))
            client.log_artifact(new, str(changed))
    client.set_terminated(new)
    return new


@pytest.mark.parametrize(
    ("artifact", "sparsity", "said"),
    [
        ("pruned_weights.safetensors", "", "not a saved network, or damaged"),
        ("removal_order.npy", "0.3", "removal_order.npy of run"),
    ],
)
@pytest.mark.parametrize("length", [0, 60])
def test_a_damaged_child(
    finished: MlflowClient,
    entry: Entry,
    pipeline: dict[str, str],
    artifact: str,
    sparsity: str,
    said: str,
    length: int,
) -> None:
    child = children(finished, pipeline["given"])["magnitude"].info.run_id
    content = Path(finished.download_artifacts(child, artifact)).read_bytes()
    damaged = clone(finished, child, {artifact: content[:length]})
    before = len(runs_of(finished))
    assert said in refused(entry("robustness", run_id=damaged, sparsity=sparsity), 1)
    assert len(runs_of(finished)) == before


def test_a_damaged_table(finished: MlflowClient, entry: Entry, pipeline: dict[str, str]) -> None:
    child = children(finished, pipeline["given"])["magnitude"].info.run_id
    damaged = clone(finished, child, {"table.csv": b""})
    assert f"table.csv of run '{damaged}' is damaged" in refused(entry("compare", runs=damaged), 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str], tmp_path: Path, value: float
) -> None:
    model = MLP(64, (8,), 10)
    with torch.no_grad():
        next(model.parameters())[0, 0] = value
    settings = parameters(TrainConfig())
    about = {"data": load_data(imbalance="exp").recipe, "name": "bad", "settings": settings}
    save_network(tmp_path / "bad.safetensors", model, {}, about)
    content = (tmp_path / "bad.safetensors").read_bytes()
    bad = clone(finished, pipeline["train"], {"dense_weights.safetensors": content})
    before = len(runs_of(finished))
    line = refused(entry("prune", run_id=bad, criteria="magnitude"), 1)
    assert "holds NaN or infinite values in layers.0.weight" in line
    assert len(runs_of(finished)) == before


def test_training_that_diverges(
    store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leastloss.epochs.train_epoch", lambda *_: float("nan"))
    line = refused(entry("train", model="mlp"), 1)
    assert line.startswith("training diverged in epoch 1")
    assert [run.info.status for run in runs_of(store)] == ["FAILED"]


def test_a_truncated_data_file(
    store: MlflowClient,
    entry: Entry,
    mnist_like: tuple[str, Path],  # noqa: F811
) -> None:
    name, folder = mnist_like
    (file,) = folder.glob("*/raw/train-images*.gz")
    file.write_bytes(file.read_bytes()[:-100])
    line = refused(entry("train", dataset=name, data_dir=folder), 1)
    assert "train-images-idx3-ubyte.gz is corrupt or truncated" in line
    assert runs_of(store) == []


def test_the_data_folder_is_remembered(
    store: MlflowClient,
    entry: Entry,
    mnist_like: tuple[str, Path],  # noqa: F811
) -> None:
    name, folder = mnist_like
    imbalance = {"imbalance": "none", "size": "6"}
    train = entry.run("train", dataset=name, data_dir=folder, epochs=1, **imbalance)
    entry.run("robustness", run_id=train, corruptions="gaussian", severities="1")
    (file,) = folder.glob("*/raw/train-labels*.gz")
    file.write_bytes(file.read_bytes()[:-1])
    assert "corrupt" in refused(entry("robustness", run_id=train), 1)


def test_no_network_for_a_download(
    store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr("torchvision.datasets.KMNIST.__init__", offline)
    line = refused(entry("train", dataset="kmnist", data_dir=tmp_path / "none"), 1)
    assert line.startswith("could not download kmnist (no network?)")
    assert runs_of(store) == []


@pytest.mark.parametrize("name", ["train", "prune", "robustness", "compare"])
def test_a_store_that_cannot_be_written(
    store: MlflowClient, entry: Entry, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/file/mlflow.db")
    line = refused(entry(name), 1)
    assert line.startswith(f"the tracking store sqlite:///{tmp_path}/file/mlflow.db fails: ")


def test_artifacts_that_cannot_be_written(
    store: MlflowClient, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    store.create_experiment("nowhere", artifact_location=(tmp_path / "file/runs").as_uri())
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "nowhere")
    assert "fails: [Errno 20] Not a directory" in refused(entry("train"), 1)
    assert [run.info.status for run in runs_of(store)] == ["FAILED"]


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_for_torch(*_: object, **__: object) -> Future[None]:
    failed: Future[None] = Future()
    failed.set_exception(RuntimeError("PytorchStreamWriter failed: No space left on device"))
    return failed


@pytest.mark.parametrize(
    ("target", "failing", "said"),
    [
        ("pathlib.Path.write_bytes", full, "cannot write dense_weights"),
        ("leastloss.tracking._exporter.submit", full_for_torch, "cannot log the network 'dense'"),
        ("mlflow.MlflowClient.log_model_artifacts", full, "the tracking store"),
        ("mlflow.MlflowClient.log_artifact", full, "the tracking store"),
    ],
)
def test_a_full_disk(
    store: MlflowClient,
    entry: Entry,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    failing: Callable[..., object],
    said: str,
) -> None:
    monkeypatch.setattr(target, failing)
    line = refused(entry("train", epochs=1), 1)
    assert line.startswith(said)
    assert "No space left on device" in line
    (run,) = runs_of(store)
    assert run.info.status == "FAILED"
    assert run.data.tags["failure"] == line


def test_a_full_disk_in_a_child(
    finished: MlflowClient,
    entry: Entry,
    pipeline: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(np, "save", full)
    line = refused(entry("prune", run_id=pipeline["train"], criteria="random"), 1)
    assert line == "cannot write removal_order.npy: [Errno 28] No space left on device"
    child = newest(finished)
    parent = finished.get_run(child.data.tags["mlflow.parentRunId"])
    for run in (child, parent):
        assert run.info.status == "FAILED"
        assert run.data.tags["failure"] == line
    assert "RUNNING" not in statuses(finished)


def test_a_store_that_vanishes(
    store: MlflowClient, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = train.fit

    def fit_meanwhile(*arguments: Any, **options: Any) -> Any:
        (tmp_path / "mlflow.db").unlink()
        return fit(*arguments, **options)

    monkeypatch.setattr(train, "fit", fit_meanwhile)
    line = refused(entry("train", epochs=1), 1)
    assert line == f"the tracking store sqlite:///{tmp_path}/mlflow.db vanished"
    assert not (tmp_path / "mlflow.db").exists()


def test_no_memory(store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("leastloss.experiment.train.fit", greedy)
    assert refused(entry("train"), 1) == "MemoryError"
    assert runs_of(store)[0].data.tags["failure"] == "MemoryError"


def test_a_fault_of_ours_is_not_hidden(
    store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what can be foreseen becomes one line; a bug keeps its traceback."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("leastloss.experiment.train.fit", broken)
    assert isinstance(entry("train").exception, ZeroDivisionError)
    (run,) = runs_of(store)
    assert (run.info.status, run.data.tags["failure"]) == ("FAILED", "a bug")
