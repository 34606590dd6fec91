"""A whole study through the entry point: resumed, failed in part, published twice alike."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock

import pandas as pd
import pytest
from mlflow import MlflowClient
from tests.entrypoints.conftest import ROOT, Entry, leave_figures_empty, refused
from tests.entrypoints.test_kill import until
from tests.links import broken_links

import leastloss.experiment.study.sweep as recipe
from leastloss import tracking
from leastloss.errors import ResourceError
from leastloss.experiment.config import SweepConfig
from leastloss.experiment.study import cell_jobs, search
from leastloss.experiment.study.local_workers import LocalWorkers
from leastloss.experiment.study.study import Study
from leastloss.experiment.study.worker_pool import Done, Job

TEXT = """
title = "Tiny"
section = "tiny"
question = "Does it run?"
seeds = 2
[train]
hidden = [8]
epochs = 2
[prune]
sparsities = [0.3, 0.6]
artifacts = "light"
[[arm]]
criteria = ["magnitude", "random", "nc@magnitude"]
[[arm]]
criteria = "random"
recovery = "none"
[report]
sparsities = [0.3, 0.6]
metrics = ["accuracy", "minority_recall"]
against = ["random"]
"""


def in_threads(jobs: list[Job], workers: LocalWorkers) -> Iterator[Done]:
    """What the workers do, without the seconds of a process that starts and a figure drawn."""
    waiting = list(jobs)
    while waiting:
        job, made = waiting.pop(0), dict[str, Any]()

        def work(job: Job = job, made: dict[str, Any] = made) -> None:
            try:
                made["value"] = job.work(*job.arguments)
            except Exception as error:
                made["error"] = str(error)

        with (
            mock.patch.dict(os.environ, workers.environment),
            pytest.MonkeyPatch.context() as patch,
        ):
            leave_figures_empty(patch)  # those of the runs; the study's own are another matter
            thread = Thread(target=work)  # MLflow's open run belongs to a thread
            thread.start()
            thread.join()
        if job.then and "error" not in made:
            waiting[:0] = job.then(made["value"])
        yield Done(job=job, error=made.get("error", ""), seconds=0.0)


@pytest.fixture
def study(store: MlflowClient, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TEXT)
    return path


def runs(client: MlflowClient, kind: str) -> list[Any]:
    found = client.get_experiment_by_name("tiny")
    where = f"tags.`leastloss.kind` = '{kind}'"
    return list(client.search_runs([found.experiment_id], where)) if found else []


def files(folder: Path) -> dict[str, bytes]:
    found = [folder / "RESULTS.md", *folder.glob("results/*"), *folder.glob("docs/*/*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def check_networks(numbers: pd.DataFrame) -> None:
    """Every mean is that of the networks' own numbers beside it."""
    keys = ["recovery", "granularity", "method", "quantity", "at"]
    for kind, own in (("mean", "network"), ("within of dense", "network within of dense")):
        means = numbers[numbers["what"] == kind]
        networks = numbers[numbers["what"] == own]
        assert len(networks) == 2 * len(means)
        assert sorted(set(networks["seed"])) == [0, 1]
        again = networks.groupby(keys)["value"].mean()
        stated = means.set_index(keys)["mean"]
        assert again[stated.index].to_numpy() == pytest.approx(stated.to_numpy(), rel=1e-5)


@pytest.mark.usefixtures("drawn")
def test_resumed_and_published(
    study: Path, store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recipe, "run_jobs", in_threads)
    entry.run("sweep", file=study, seeds="0,1", workers=1)
    assert len(runs(store, "criterion")) == 8
    before = files(tmp_path)
    assert set(before) == {
        "RESULTS.md",
        "results/tiny.csv",
        "docs/results/tiny.md",
        *(
            f"docs/images/tiny-{r}{kind}.png"
            for r in ("none", "recalibrate")
            for kind in ("", "-length")
        ),
    }
    assert broken_links(tmp_path, ["RESULTS.md", "docs/results/tiny.md"]) == []
    check_networks(pd.read_csv(tmp_path / "results" / "tiny.csv"))
    text = before["docs/results/tiny.md"].decode()
    assert "`mlflow run . -e sweep -P file=tiny.toml`" in text
    assert "2 (0, 1), 8 prune runs" in text
    assert str(tmp_path) not in text
    everywhere = [experiment.experiment_id for experiment in store.search_experiments()]
    (sweep,) = store.search_runs(everywhere, "tags.`leastloss.kind` = 'sweep'")
    page = Path(store.download_artifacts(sweep.info.run_id, "compare.html")).read_text()
    assert "-P file=tiny.toml -P report=only" in page
    monkeypatch.setattr(recipe, "study_page", lambda *rest: None)  # seconds for the same page
    monkeypatch.setattr(recipe, "log_page", lambda *rest: None)
    # One child is lost: it alone is made again, with the layer ratios of the run that it follows.
    made = runs(store, "criterion")
    gone = {r.data.params["criterion"]: r for r in made if r.data.params["seed"] == "1"}
    store.delete_run(gone["nc@magnitude"].info.run_id)
    kept = {r.info.run_id for r in runs(store, "criterion")}
    with monkeypatch.context() as patch:
        leave_figures_empty(patch)
        entry.run("sweep", file=study)
    new = [r for r in runs(store, "criterion") if r.info.run_id not in kept]
    assert [r.data.params["criterion"] for r in new] == ["nc@magnitude"]
    assert new[0].data.tags["leastloss.ratios_of"] == gone["magnitude"].info.run_id
    assert {(r.data.params["seed"], r.data.params["recovery"]) for r in new} == {
        ("1", "recalibrate")
    }
    assert len(runs(store, "train")) == 2
    for name in ("RESULTS.md", "results/tiny.csv"):
        assert (tmp_path / name).read_bytes() == before[name]
    entry.run("sweep", file=study, report="only", out=tmp_path / "other")
    assert files(tmp_path / "other") == before
    # A run of other code is made again, unless any code will do; a page alone takes it.
    store.set_tag(gone["random"].info.run_id, tracking.CODE, "other")
    dry = {code: entry("sweep", file=study, dry_run="yes", code=code) for code in ("same", "any")}
    assert dry["same"].stdout.splitlines()[1].startswith("  1 more are finished by other code")
    assert dry["any"].stdout.startswith("tiny: 0 of 8 prune runs and 0 of 2 networks are left\n")
    with monkeypatch.context() as patch:
        leave_figures_empty(patch)
        entry.run("sweep", file=study, report="only", out=tmp_path / "other")
    page = (tmp_path / "other" / "docs/results/tiny.md").read_text()
    assert "The runs come of different code: " in page


def test_one_failure_does_not_lose_the_others(
    study: Path, store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recipe, "run_jobs", in_threads)
    true = cell_jobs.prune

    def fails_once(config: Any, run_ids: Any) -> Any:
        if config.recovery == "none":
            raise ValueError("out of luck")
        return true(config, run_ids)

    monkeypatch.setattr(cell_jobs, "prune", fails_once)
    result = entry("sweep", file=study, seeds="0")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert lines[-3].startswith("seed 0, random, recovery=none: out")
    assert lines[-2].startswith("  again: mlflow run . -e prune -P hidden=8 ")
    assert "-P criteria=random -P controls=no" in lines[-2]
    assert lines[-2].endswith(" --experiment-name tiny")
    assert lines[-1].startswith("Error: 1 of the sweep's jobs failed")
    page = tmp_path / "docs" / "results" / "tiny.md"
    assert "1 of 4 prune runs are missing" in page.read_text()
    assert len(runs(store, "criterion")) == 3


def test_options_are_chosen_by_validation_before_the_cells(
    store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The example of the docs, at small size; a second call finds nothing to do."""
    monkeypatch.setattr(recipe, "run_jobs", in_threads)
    monkeypatch.setattr(search, "run_jobs", in_threads)
    docs = (ROOT / "docs/experiments.md").read_text()
    (example,) = [
        text for text in re.findall(r"```toml\n(.*?)```", docs, re.S) if "[search]" in text
    ]
    (tmp_path / "best.toml").write_text(example)
    small = "section=tiny seeds=2 train.hidden=[8] train.epochs=2 search.trials=2 search.seeds=1"
    options = {"file": "best.toml", "override": small}
    result = entry("sweep", dry_run="yes", **options)
    assert result.stdout.splitlines()[0] == "tiny: 4 trials of its search are left"
    assert "4 trials of the search" in refused(entry("sweep", report="only", **options), 1)
    run_id = entry.run("sweep", **options)
    assert len(runs(store, "criterion")) == 6
    assert len(runs(store, "train")) == 2
    trials = store.get_experiment_by_name("tiny-search")
    assert trials is not None
    pruned = store.search_runs([trials.experiment_id], "tags.`leastloss.kind` = 'criterion'")
    assert {run.data.params["criterion"].partition(":")[0] for run in pruned} == {"nc", "magnitude"}
    assert store.get_run(run_id).data.tags["leastloss.search.trials"] == "2"
    text = (tmp_path / "docs/results/tiny.md").read_text()
    assert ": chosen for each arm by 2 trials, by accuracy on validation samples at 90 %" in text
    assert "it has no protect, ridge / `random@magnitude`: as the arm that it follows" in text
    page = Path(store.download_artifacts(run_id, "compare.html")).read_text()
    assert "Options chosen by validation" in page
    entry.run("sweep", report="no", **options)  # nothing is left
    assert len(runs(store, "criterion")) == 6
    assert len(store.search_runs([trials.experiment_id])) == 2 * len(pruned)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"backend": "cloud"}, "unknown backend 'cloud'; there are: local, dask"),
        ({"backend": "dask"}, "backend is dask, and scheduler is empty; give its address"),
        ({"override": "epochs"}, "override holds 'epochs'; it must be pairs like train.epochs=5"),
        ({"override": "train.epoch=5"}, "unknown key of train 'epoch'; did you mean 'epochs'"),
        ({"report": "maybe"}, "unknown report 'maybe'"),
        ({"workers": "-1"}, "workers is -1"),
        ({"seeds": "1,1"}, "seeds is '1,1'; each may occur once"),
        ({"sections": "small"}, "unknown section 'small'; there are: tiny"),
        ({"file": "none.toml"}, "cannot read the experiment file 'none.toml'"),
    ],
)
def test_bad_input(study: Path, entry: Entry, options: dict[str, str], said: str) -> None:
    assert said in refused(entry("sweep", **({"file": str(study)} | options)), 2)


def test_a_grid_is_swept_study_by_study(
    study: Path, store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.write_text(TEXT + '[[grid]]\nsection = "one"\n[[grid]]\nsection = "two"\n')
    swept = []

    def sweep_one(study: Study, config: SweepConfig, command: str) -> None:
        swept.append((study.section, study.seeds, command))
        if study.section == "one":
            raise ResourceError("out of luck")

    monkeypatch.setattr(recipe, "_sweep", sweep_one)
    command = "mlflow run . -e sweep -P file=tiny.toml -P sections="
    result = entry("sweep", file=study, seeds="4")
    assert swept == [("one", (4,), f"{command}one"), ("two", (4,), f"{command}two")]
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "one: out of luck",
        "Error: not complete, for the reasons listed above: one",
    ]
    swept.clear()
    assert entry("sweep", file=study, sections="two").exit_code == 0
    assert swept == [("two", (0, 1), f"{command}two")]


def test_a_dry_run_says_what_is_left_and_runs_nothing(
    study: Path, store: MlflowClient, entry: Entry
) -> None:
    result = entry("sweep", file=study, dry_run="yes", override="seeds=3", workers=2)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "tiny: 12 of 12 prune runs and 3 of 3 networks are left, time unknown",
        "  magnitude: 0 of 3 finished",
        "  random, recalibrate, weight: 0 of 3 finished",
        "  nc@magnitude: 0 of 3 finished",
        "  random, none, weight: 0 of 3 finished",
    ]
    assert store.get_experiment_by_name("tiny") is None


def test_nothing_to_report_is_said(study: Path, store: MlflowClient, entry: Entry) -> None:
    assert "no finished run of 'tiny'" in refused(entry("sweep", file=study, report="only"), 1)
    assert store.get_experiment_by_name("tiny") is None


@pytest.mark.slow
def test_two_workers_are_killed_and_go_on(study: Path, store: MlflowClient, tmp_path: Path) -> None:
    words = [sys.executable, str(ROOT / "entrypoints/sweep.py"), "--file", str(study)]
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}
    environment |= {"PYTHONPATH": str(ROOT / "src")}

    def start() -> subprocess.Popen[bytes]:
        log = (tmp_path / "log").open("w")
        options = [*words, "--workers", "2"]
        return subprocess.Popen(options, cwd=tmp_path, env=environment, stdout=log, stderr=log)

    def begun() -> bool:
        return any(run.info.status == "RUNNING" for run in runs(store, "criterion"))

    def closed() -> bool:
        kinds = ("train", "prune", "criterion")
        return all(r.info.status != "RUNNING" for kind in kinds for r in runs(store, kind))

    for end in (signal.SIGTERM, signal.SIGKILL):
        process = start()
        try:
            until(begun, process)
            process.send_signal(end)
            assert process.wait(timeout=60) == (130 if end == signal.SIGTERM else -end)
        finally:
            process.kill()
        until(closed, mock.Mock(poll=lambda: None), 60)
    again = start()
    assert again.wait(timeout=300) == 0, (tmp_path / "log").read_text()
    finished = [r for r in runs(store, "criterion") if r.info.status == "FINISHED"]
    assert (
        len({(r.data.params["seed"], r.info.run_name, r.data.params["recovery"]) for r in finished})
        == 8
    )
    assert "2 (0, 1), 8 prune runs" in (tmp_path / "docs" / "results" / "tiny.md").read_text()
