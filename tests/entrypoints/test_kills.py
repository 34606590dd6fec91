"""Kills at random times: nothing stays open, and the same command then makes what it always makes.

Every command runs in a fork of a process that has its imports done, so that a kill costs no
more than the work up to it.
"""

import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus, Run
from mlflow.utils import environment
from tests.entrypoints.conftest import TINY, children, leave_figures_empty, load
from tests.entrypoints.test_sweep import TEXT, in_threads
from tests.forked import forked

import leastloss.experiment.study.sweep as recipe
from leastloss.deploy.bundle import digest_of
from leastloss.experiment.train import WEIGHTS
from leastloss.tracking import fetch_file

ENDS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
COMMANDS = ("train", "prune", "robustness", "compare", "export", "sweep")
TRIES = 30  # for three kills
SECTION = "tiny"  # of the study in TEXT


def work(name: str, options: dict[str, object], log: Path) -> None:
    """In the fork: a command; Ctrl-C before and after the recipe ends it as Ctrl-C."""
    # Where the tests run in the background of a shell Ctrl-C is ignored, here as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        try:
            _work(name, options, log)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left is Python's own end
    except KeyboardInterrupt:
        sys.exit(130)


def _work(name: str, options: dict[str, object], log: Path) -> None:
    """A command whose figures are empty and whose workers are threads."""
    with pytest.MonkeyPatch.context() as patch, log.open("w") as said:
        for stream in ("stdout", "stderr"):
            patch.setattr(f"sys.{stream}", said)
        leave_figures_empty(patch)
        patch.setattr(recipe, "run_jobs", in_threads)
        # It reads the files of all installed packages, for seconds, once in a process.
        patch.setattr(environment, "warn_dependency_requirement_mismatches", lambda *rest: None)
        command = load(name)
        tiny = {k: v for k, v in TINY.items() if k in {p.name for p in command.params}}
        words = [(f"--{k.replace('_', '-')}", str(v)) for k, v in (tiny | options).items()]
        command.main([word for pair in words for word in pair])


class Commands:
    """Commands in one folder with one store, and what they made."""

    def __init__(self, client: MlflowClient, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.scratch, self.log = folder / "scratch", folder / "log"
        self.scratch.mkdir()
        self.checked: set[str] = set()  # runs and models that were found whole
        (folder / "tiny.toml").write_text(TEXT)
        self.options: dict[str, dict[str, object]] = {"train": {}}

    def prepare(self) -> None:
        """Make the runs that the other commands take, and their options."""
        self.finish("train")
        dense = self.newest("train").info.run_id
        self.options["prune"] = {"run_id": dense, "criteria": "magnitude,random"}
        self.finish("prune")
        pruned = self.newest("prune").info.run_id
        one = children(self.client, pruned)["magnitude"].info.run_id
        noise = {"corruptions": "gaussian,shot", "severities": "1"}
        self.options["robustness"] = {"run_id": pruned, **noise}
        self.options["compare"] = {"runs": pruned}
        self.options["export"] = {"run_id": one, "out": "exported", "overwrite": "yes"}
        self.options["sweep"] = {"file": "tiny.toml"}

    def start(self, name: str) -> Any:
        return forked(work, name, self.options[name], self.log)

    def finish(self, name: str) -> float:
        """Run a command to its end; returns the seconds that it took."""
        begin = time.monotonic()
        process = self.start(name)
        process.join()
        assert process.exitcode == 0, self.log.read_text()
        return time.monotonic() - begin

    def kill(self, name: str, seconds: float, end: signal.Signals) -> float:
        """Run a command and end it after so many seconds; its own time if faster, else 0."""
        self.log.write_text("")
        begin = time.monotonic()
        process = self.start(name)
        process.join(seconds)
        with suppress(ProcessLookupError):
            os.kill(process.pid, end)
        process.join()
        took = time.monotonic() - begin
        said = self.log.read_text()
        ends = {0, -end}  # it was faster; or killed, politely too before it listens
        if end != signal.SIGKILL:
            ends |= {130}
        if end == signal.SIGINT and (not said.strip() or said.rstrip().endswith("Aborted!")):
            ends |= {1}  # Python's own end before the recipe began, or click's before and after it
        assert process.exitcode in ends, said
        return 0.0 if process.exitcode else took

    def runs(self, experiment: str = "") -> list[Run]:
        every = self.client.search_experiments()
        ids = [e.experiment_id for e in every if experiment in ("", e.name)]
        return list(self.client.search_runs(ids))

    def newest(self, kind: str) -> Run:
        where = f"attributes.status = 'FINISHED' AND tags.`leastloss.kind` = '{kind}'"
        experiment = self.client.get_experiment_by_name("test")
        return self.client.search_runs([experiment.experiment_id], where)[0]

    def made(self, name: str) -> dict[str, Any]:
        """What a command made last, without what differs by nature."""
        if name == "export":
            files = {file.name: file.read_bytes() for file in Path("exported").iterdir()}
            assert len(files) == 5
            digests = json.loads(files["model.json"])["files"]
            for file, facts in digests.items():
                assert digest_of(files[file]) == facts["sha256"]
            return {file: files[file] for file in ("model.safetensors", "model.onnx")}
        if name == "sweep":
            files = ("RESULTS.md", f"results/{SECTION}.csv", f"docs/results/{SECTION}.md")
            return {file: Path(file).read_bytes() for file in files}
        run = self.newest(name)
        if name == "train":
            return {"weights": run.data.tags[f"sha256.{WEIGHTS}"]}
        family = {name: run} | children(self.client, run.info.run_id)
        return {key: self._table(member.info.run_id) for key, member in family.items()}

    def _table(self, run_id: str) -> str:
        table = pd.read_csv(fetch_file(run_id, "table.csv", self.scratch))
        return table[[c for c in table if "second" not in c and "run" not in c]].to_csv()

    def forget(self, name: str) -> None:
        """Let a sweep begin anew; the other commands always do."""
        if name == "sweep":
            for run in self.runs(SECTION):
                self.client.delete_run(run.info.run_id)

    def check(self) -> None:
        """Nothing is open, and what counts as finished is whole."""
        for run in self.runs():
            run_id, status = run.info.run_id, run.info.status
            assert status in ("FINISHED", "KILLED"), run.data.tags
            assert status == "FINISHED" or run.data.tags["failure"]
            if status == "FINISHED" and run_id not in self.checked:
                for key in run.data.tags:
                    if key.startswith("sha256."):  # fetching checks the digest
                        fetch_file(run_id, key.removeprefix("sha256."), self.scratch)
            self.checked.add(run_id)
        for experiment in self.client.search_experiments():
            for model in self.client.search_logged_models([experiment.experiment_id]):
                assert model.status is not LoggedModelStatus.PENDING
                if model.status is LoggedModelStatus.READY and model.model_id not in self.checked:
                    assert mlflow.pytorch.load_model(model.model_uri)
                self.checked.add(model.model_id)


def kill_at_random(commands: Commands, name: str, kills: int, draw: random.Random) -> None:
    """Three kills, then the same command to its end, and so on.

    A kill that finds the command at its end is no kill, and is drawn again: the machine may have
    been slower when the command was timed.
    """
    seconds = commands.finish(name)
    usual = commands.made(name)
    for _ in range(kills // 3):
        commands.forget(name)
        killed = 0
        for _ in range(TRIES):
            took = commands.kill(name, draw.uniform(0.0, seconds), draw.choice(ENDS))
            if took:
                seconds = took
                commands.forget(name)
            else:
                killed += 1
            if killed == 3:
                break
        assert killed == 3, f"{name} ended before {TRIES - killed} of {TRIES} kills"
        seconds = commands.finish(name)
        assert commands.made(name) == usual
        commands.check()


def test_training_is_killed_three_times(store: MlflowClient, tmp_path: Path) -> None:
    kill_at_random(Commands(store, tmp_path), "train", 3, random.Random(0))


@pytest.mark.slow
def test_every_command_is_killed_nine_times(store: MlflowClient, tmp_path: Path) -> None:
    commands = Commands(store, tmp_path)
    commands.prepare()
    draw = random.Random(0)
    for name in COMMANDS:
        kill_at_random(commands, name, 9, draw)
