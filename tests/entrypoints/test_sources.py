"""Which runs are taken as sources: unfinished, named in part, of a moved store, or damaged."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient
from safetensors import safe_open
from safetensors.torch import save_file
from tests.entrypoints.conftest import Entry, children, newest, refused

from leastloss.experiment.compare_run.runs_table import compared
from leastloss.experiment.run_query import criterion_runs
from leastloss.models import MLP
from leastloss.models.files import save_network

FAST = {"corruptions": "gaussian", "severities": "1"}
ONE = {"criteria": "random", "steps": "1", "artifacts": "light"}


def magnitude(client: MlflowClient, parent: str) -> str:
    """The id of a criterion run."""
    return str(children(client, parent)["magnitude"].info.run_id)


@pytest.mark.parametrize("state", ["KILLED", "FAILED", "RUNNING"])
def test_unfinished_runs_are_no_sources_unless_asked(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str], state: str
) -> None:
    train, child = pipeline["train"], magnitude(finished, pipeline["given"])
    for run_id in (train, child):
        finished.update_run(run_id, status=state)
        finished.set_tag(run_id, "failure", "the light went out")
    calls = [("prune", train, ONE), ("robustness", train, FAST), ("robustness", child, FAST)]
    calls.append(("compare", child, {}))
    before = newest(finished).info.run_id
    for name, run_id, options in calls:
        given = {"runs" if name == "compare" else "run_id": run_id, **options}
        line = refused(entry(name, **given), 1)
        assert line == (
            f"run {run_id!r} is {state} (the light went out); what did not finish is taken only "
            "with unfinished 'yes'"
        )
        assert newest(finished).info.run_id == before


def test_unfinished_runs_are_sources_where_that_is_asked(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    train, child = pipeline["train"], magnitude(finished, pipeline["given"])
    for run_id in (train, child):
        finished.update_run(run_id, status="KILLED")
    assert [run.info.run_id for run in criterion_runs([child], "yes")] == [child]
    parent = entry.run("prune", run_id=train, unfinished="yes", **ONE)
    own = finished.get_run(entry.run("robustness", run_id=child, unfinished="yes", **FAST))
    assert f"-P run_id={child} -P unfinished=yes" in own.data.tags["mlflow.note.content"]
    note = finished.get_run(parent).data.tags["mlflow.note.content"]
    assert f"-P run_id={train} -P unfinished=yes" in note


def test_unfinished_children_are_left_out_and_told(
    finished: MlflowClient, pipeline: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    finished.update_run(magnitude(finished, pipeline["given"]), status="KILLED")
    (only,) = criterion_runs([pipeline["given"]])
    assert only.data.params["criterion"] == "random"
    said = capsys.readouterr().err
    assert said == "left out, since they did not finish: magnitude (KILLED)\n"


@pytest.mark.parametrize("name", ["prune", "robustness", "compare"])
def test_unfinished_is_yes_or_no(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str], name: str
) -> None:
    given = {"runs" if name == "compare" else "run_id": pipeline["given"], "unfinished": "maybe"}
    assert "unknown unfinished 'maybe'" in refused(entry(name, **given), 2)


def test_the_first_letters_of_an_id_are_enough(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    train, child = pipeline["train"], magnitude(finished, pipeline["given"])
    parent = entry.run("prune", run_id=train[:10], **ONE)
    assert children(finished, parent)["random"].data.params["run_id"] == train
    own = finished.get_run(entry.run("robustness", run_id=child[:10], **FAST))
    assert own.data.tags["leastloss.of_run"] == child
    found = [run.info.run_id for run in criterion_runs([child[:10], parent[:10]])]
    assert found == [child, children(finished, parent)["random"].info.run_id]


@pytest.fixture
def moved(finished: MlflowClient, pipeline: dict[str, str], tmp_path: Path) -> MlflowClient:
    """The store with its files in a new folder; it still says where they lay before."""
    old = pipeline["folder"]
    shutil.copytree(f"{old}/mlruns", "mlruns", ignore=shutil.ignore_patterns("models"))
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        for table, column in (("runs", "artifact_uri"), ("experiments", "artifact_location")):
            database.execute(f"UPDATE {table} SET {column} = replace({column}, '{old}', '/gone')")
    return finished


def kept(run_id: str, name: str) -> Path:
    return Path(f"mlruns/{run_id}/artifacts/{name}")


def test_a_store_that_was_moved_with_its_files(
    moved: MlflowClient,
    entry: Entry,
    pipeline: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved.create_experiment("fresh", artifact_location=(tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "fresh")
    child = magnitude(moved, pipeline["given"])
    assert moved.get_run(child).info.artifact_uri.startswith("file:///gone/")
    entry.run("prune", run_id=pipeline["train"], **ONE)
    entry.run("robustness", run_id=child, sparsity="0.5", **FAST)
    assert len(compared(criterion_runs([pipeline["given"]])).table) == 6
    shutil.rmtree("mlruns")
    for name, key in (("prune", "run_id"), ("robustness", "run_id"), ("compare", "runs")):
        line = refused(entry(name, **{key: pipeline["train" if name == "prune" else "given"]}), 1)
        assert "is gone: the store sqlite:///" in line
        assert line.endswith(f"copy the folder of its artifacts (mlruns) to {tmp_path}")


def text(change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    return lambda content: change(content.decode()).encode()


def zeros(content: bytes) -> bytes:
    order, buffer = np.load(BytesIO(content)), BytesIO()
    np.save(buffer, np.zeros_like(order))
    return buffer.getvalue()


def fewer(content: bytes) -> bytes:
    order, buffer = np.load(BytesIO(content)), BytesIO()
    np.save(buffer, order[:-5])
    return buffer.getvalue()


def high(table: str) -> str:
    head, first, *rest = table.splitlines()
    at = head.split(",").index("accuracy")
    cells = first.split(",")
    return "\n".join([head, ",".join([*cells[:at], "9999", *cells[at + 1 :]]), *rest, ""])


@pytest.mark.parametrize("digests", [True, False])
@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        ("table.csv", lambda content: content[: len(content) // 2], "in the middle of a row"),
        ("table.csv", text(lambda t: "".join(t.splitlines(True)[:-1])), "must be 0 to 2"),
        ("table.csv", text(high), "column 'accuracy' holds 9999, and must lie in [0, 1]"),
        ("table.csv", text(lambda t: t.splitlines()[0]), "it has no rows"),
        ("table.csv", text(lambda t: t.replace("0.", "x.")), "no number"),
        ("removal_order.npy", zeros, "a part occurs more than once"),
        ("removal_order.npy", fewer, "parts, and the run removed"),
        (
            "pruned_weights.safetensors",
            lambda content: content.replace(b"mask/layers.0", b"mask/layers.1"),
            "a mask of 'layers.1', which is none of its layers",
        ),
    ],
)
def test_damage_after_logging(
    moved: MlflowClient,
    entry: Entry,
    pipeline: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    damage: Callable[[bytes], bytes],
    said: str,
    digests: bool,
) -> None:
    moved.create_experiment("fresh", artifact_location=(tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "fresh")
    child = magnitude(moved, pipeline["given"])
    if not digests:
        moved.delete_tag(child, f"sha256.{name}")
    path = kept(child, name)
    path.write_bytes(damage(path.read_bytes()))
    if name == "table.csv":
        result = entry("compare", runs=child)
    else:
        at = "0.5" if name.endswith("npy") else ""
        result = entry("robustness", run_id=child, sparsity=at, **FAST)
    line = refused(result, 1)
    if digests:
        assert line.startswith(f"{name} of run {child!r} was changed after it was logged")
    else:
        assert name in line
        assert said in line


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda facts: facts.pop("data"), "its fact 'data' is missing; it must be a table"),
        (lambda facts: facts.pop("name"), "its fact 'name' is missing; it must be a text"),
        (lambda facts: facts.pop("settings"), "its fact 'settings' is missing"),
        (lambda facts: facts["data"].pop("seed"), "its fact 'seed' of data is missing"),
        (lambda facts: facts["data"].update(folder="x"), "its fact 'folder' of data is 'x'"),
        (lambda facts: facts["data"].update(ratio=-1), "is damaged: ratio is -1"),
        (lambda facts: facts["data"].update(name="digit"), "is damaged: unknown data set 'digit'"),
        (lambda facts: facts["data"].update(size=4), "is not the data that run"),
        (lambda facts: facts["settings"].pop("model"), "its setting 'model' is missing"),
        (lambda facts: facts["settings"].update(lr="fast"), "its setting 'lr' is 'fast'"),
        (lambda facts: facts["network"].update(hidden=[2**40]), "has the shape"),
        (lambda facts: facts["network"].update(features=-64), "or damaged"),
        (lambda facts: facts.update(network=None), "or damaged"),
    ],
)
def test_facts_of_the_dense_network_that_are_missing_or_wrong(
    moved: MlflowClient,
    entry: Entry,
    pipeline: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, Any]], object],
    said: str,
) -> None:
    moved.create_experiment("fresh", artifact_location=(tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "fresh")
    train, name = pipeline["train"], "dense_weights.safetensors"
    moved.delete_tag(train, f"sha256.{name}")
    with safe_open(kept(train, name), framework="pt") as file:
        facts = json.loads(file.metadata()["leastloss"])
        tensors = {key: file.get_tensor(key) for key in list(file.keys())}
    change(facts)
    save_file(tensors, kept(train, name), metadata={"leastloss": json.dumps(facts)})
    for recipe, options in (("prune", ONE), ("robustness", FAST)):
        line = refused(entry(recipe, run_id=train, **options), 1)
        assert said in line
        assert name in line or said == "is not the data that run"


def test_a_network_that_is_none_for_its_data(
    moved: MlflowClient,
    entry: Entry,
    pipeline: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved.create_experiment("fresh", artifact_location=(tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "fresh")
    child, name = magnitude(moved, pipeline["given"]), "pruned_weights.safetensors"
    moved.delete_tag(child, f"sha256.{name}")
    save_network(kept(child, name), MLP(30, (3,), 10), {})
    line = refused(entry("robustness", run_id=child, **FAST), 1)
    assert "is for 30 features and 10 classes, and digits has 64 and 10" in line
