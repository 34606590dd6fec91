"""Runs that another machine left open are closed when their work is done, and not before."""

import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus, Param, RunTag
from tests.experiment.study.test_study_file import given

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.errors import ResourceError
from leastloss.experiment.config import SweepConfig
from leastloss.experiment.study.finished_runs import FinishedRuns, find
from leastloss.experiment.study.lost_runs import check_data, close_lost
from leastloss.experiment.study.study import Study
from leastloss.experiment.study.study_file import study_of
from leastloss.experiment.study.sweep import sweep
from leastloss.experiment.train import train
from leastloss.options import parameters

ELSEWHERE = "elsewhere:12"
ASKED = parameters(SweepConfig(file="here/study.toml"))


@pytest.fixture
def study(store: MlflowClient) -> Study:
    store.create_experiment("s")
    arms = [{"criteria": ["magnitude", "random"]}]
    return study_of(given(section="s", seeds=2, arm=arms, report={"sparsities": [0.5]}))


def opened(
    store: MlflowClient,
    kind: str,
    params: dict[str, str],
    process: str = ELSEWHERE,
    code: str = "present",
    hours: float = 0.0,
) -> str:
    number = store.get_experiment_by_name("s").experiment_id
    start = int((time.time() - 3600 * hours) * 1000)
    run_id: str = store.create_run(number, start_time=start).info.run_id
    tags = [RunTag(tracking.KIND, kind), RunTag("leastloss.process", process)]
    tags.append(RunTag(tracking.CODE, code))
    store.log_batch(run_id, params=[Param(k, v) for k, v in params.items()], tags=tags)
    return run_id


def child(study: Study, seed: int, criterion: str) -> dict[str, str]:
    asked = parameters(study.arms[0].config) | parameters(study.network(seed))
    return asked | {"run_id": f"dense{seed}", "criterion": criterion}


def prunes(study: Study, seed: int, criteria: str) -> dict[str, str]:
    asked = child(study, seed, "")
    del asked["criterion"]
    return asked | {"criteria": criteria}


def states(store: MlflowClient, *run_ids: str) -> list[str]:
    return [store.get_run(run_id).info.status for run_id in run_ids]


def test_what_another_run_has_finished_is_closed(store: MlflowClient, study: Study) -> None:
    magnitude, random = study.arms
    training = opened(store, "train", parameters(study.network(0)))
    parent = opened(store, "prune", prunes(study, 0, "magnitude,random"))
    done = opened(store, "criterion", child(study, 0, "magnitude"))
    missing = opened(store, "criterion", child(study, 0, "random"))
    model = store.create_logged_model(
        store.get_run(done).info.experiment_id, name="m", source_run_id=done
    )
    finished = FinishedRuns(
        study=study,
        dense={0: "dense0"},
        children={(0, magnitude): "a", (1, random): "b"},
        code=dict.fromkeys(["dense0", "a", "b", "c"], "present"),
    )
    close_lost(finished, ASKED)
    assert states(store, training, done) == ["FAILED", "FAILED"]
    assert states(store, parent, missing) == ["RUNNING", "RUNNING"]
    assert store.get_run(training).data.tags["failure"] == (
        "run dense0 has finished what this one was to do"
    )
    assert store.get_run(done).data.tags["failure"].startswith("run a has finished")
    assert store.get_logged_model(model.model_id).status is LoggedModelStatus.FAILED
    finished.children[0, random] = "c"
    close_lost(finished, ASKED)
    assert states(store, parent, missing) == ["FAILED", "FAILED"]


def test_other_open_runs_stay(store: MlflowClient, study: Study) -> None:
    here = f"{socket.gethostname()}:{os.getpid()}"
    finished = FinishedRuns(
        study=study,
        dense={0: "dense0", 1: "dense1"},
        children={(seed, arm): "a" for seed in study.seeds for arm in study.arms},
        code=dict.fromkeys(["dense0", "dense1", "a"], "present"),
    )
    stay = [
        opened(store, "criterion", child(study, 0, "random"), here),  # it lives
        opened(store, "criterion", child(study, 0, "random") | {"substeps": "7"}),
        opened(store, "criterion", child(study, 0, "random") | {"run_id": "another"}),
        opened(store, "train", parameters(study.network(0)) | {"epochs": "99"}),
        opened(store, "sweep", {}),
        opened(store, "prune", prunes(study, 0, "magnitude,nc")),  # whose nc nobody has
        opened(store, "prune", prunes(study, 0, "random") | {"substeps": "7"}),
        opened(store, "prune", {"run_id": "dense0"}),
        opened(store, "criterion", child(study, 0, "random"), code="other"),
        opened(store, "train", parameters(study.network(0)), code="other"),
    ]
    close_lost(finished, ASKED)
    assert states(store, *stay) == ["RUNNING"] * len(stay)
    for run_id in stay:
        store.set_terminated(run_id)


def test_a_sweep_is_closed_where_nothing_is_missing(store: MlflowClient, study: Study) -> None:
    present, here = code_digest(), f"{socket.gethostname()}:{os.getpid()}"
    asked = ASKED | {"file": "/elsewhere/study.toml", "workers": "9"}
    lost = opened(store, "sweep", asked, code=present)
    stay = [
        opened(store, "sweep", asked, here, present),  # this one
        opened(store, "sweep", asked | {"file": "/elsewhere/other.toml"}, code=present),
        opened(store, "sweep", asked | {"seeds": "0,1"}, code=present),
        opened(store, "sweep", asked | {"code": "any"}, code=present),
        opened(store, "sweep", asked | {"override": "train.epochs=9"}, code=present),
        opened(store, "sweep", asked, code="other"),
    ]
    finished = FinishedRuns(study=study)
    close_lost(finished, ASKED)
    assert states(store, lost, *stay) == ["RUNNING"] * 7
    cells = [(seed, arm) for seed in study.seeds for arm in study.arms]
    finished.dense.update({0: "dense0", 1: "dense1"})
    finished.children.update(dict.fromkeys(cells, "a"))
    close_lost(finished, ASKED)
    assert states(store, lost, *stay) == ["FAILED", *["RUNNING"] * 6]
    assert store.get_run(lost).data.tags["failure"].startswith("other runs have finished")


def test_a_run_that_never_got_its_parameters_is_closed(store: MlflowClient, study: Study) -> None:
    lost = [opened(store, kind, {}, hours=2) for kind in ("prune", "sweep", "criterion")]
    stay = [
        opened(store, "prune", {}),  # it may have just begun
        opened(store, "prune", {"run_id": "dense0"}, hours=2),
        opened(store, "prune", {}, f"{socket.gethostname()}:{os.getpid()}", hours=2),
    ]
    foreign = store.create_run(store.get_experiment_by_name("s").experiment_id, start_time=1)
    close_lost(FinishedRuns(study=study), ASKED)
    assert states(store, *lost) == ["FAILED"] * 3
    assert states(store, *stay, foreign.info.run_id) == ["RUNNING"] * 4


def test_a_run_that_ends_while_others_are_closed_stays_finished(
    store: MlflowClient, study: Study
) -> None:
    run = store.get_run(opened(store, "sweep", {}))
    store.set_terminated(run.info.run_id)
    tracking.close_lost(run, "as it was read before")
    after = store.get_run(run.info.run_id)
    assert (after.info.status, after.data.tags.get("failure")) == ("FINISHED", None)


def write(path: Path, seed: int) -> None:
    generator = np.random.default_rng(seed)
    np.savez(path, x=generator.random((60, 1, 4, 4), dtype=np.float32), y=np.arange(60) % 3)


def test_a_file_that_changed_under_its_name_is_refused(
    store: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "own")
    store.create_experiment("own")
    write(tmp_path / "own.npz", 0)
    written = given(seeds=1, arm=[{"criteria": "nc"}], report={"sparsities": [0.5]})
    written["train"] = {"dataset": str(tmp_path / "own.npz"), "hidden": "4", "epochs": 1}
    written["train"] |= {"imbalance": "none"}
    study = replace(study_of(written), section="own")
    train(study.network(0))
    finished = find(study)
    assert list(finished.dense) == [0]
    check_data(finished)
    write(tmp_path / "own.npz", 1)
    with pytest.raises(ResourceError, match=r"own-train is not the data .* delete the runs of"):
        check_data(finished)
    file = tmp_path / "own.toml"
    arms = '[[arm]]\ncriteria = "nc"\n[report]\nsparsities = [0.5]\n'
    head = 'title = "t"\nsection = "own"\nquestion = "q"\nseeds = 1\n[train]\nepochs = 1\n'
    data = f'dataset = "{tmp_path}/own.npz"\nhidden = [4]\nimbalance = "none"\n'
    file.write_text(head + data + arms)
    with pytest.raises(ResourceError, match=r"own-train is not the data"):
        sweep(SweepConfig(file=str(file), dry_run="yes"))
    named = replace(study, train=replace(study.train, dataset="digits"))
    check_data(FinishedRuns(study=named, dense={0: "no run is looked at"}))
