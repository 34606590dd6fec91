"""What large studies cost: a store of many finished runs, and the workers of a sweep.

A real run of a small study is copied, row by row, until the store holds as many finished runs as
asked for: studies of --cells cells each. Measured in processes of their own, with their peak
memory: what `sweep` needs to decide what is left of one study, `compare` of that study, its
publication, and deciding alone for one study of all the runs, also behind a tracking server: for
the first time, again, and for the first time on another machine. Then cells that only sleep, and
networks that are trained and pruned, on one worker and on two, behind a first network of each
worker; and the share of a sweep's time that is spent outside of its cells.

    python benchmarks/studies.py --runs 10000 --cells 1000 --networks 8
"""

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.tracking_server import server_of  # the folder is no package

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.errors import InputError
from leastloss.experiment.compare_run.compare import compare
from leastloss.experiment.config import CompareConfig, SweepConfig
from leastloss.experiment.study.cell_jobs import prune_missing, train_once
from leastloss.experiment.study.finished_runs import find
from leastloss.experiment.study.local_workers import LocalWorkers
from leastloss.experiment.study.publish import publish
from leastloss.experiment.study.study import prune_config
from leastloss.experiment.study.study_file import read_studies
from leastloss.experiment.study.sweep import sweep
from leastloss.experiment.study.worker_pool import Job, run_jobs

STUDY = """
title = "Light"
section = "{section}"
question = "How long?"
seeds = {seeds}
[train]
hidden = [8]
epochs = 2
[prune]
sparsities = [0.3, 0.6, 0.9]
recovery = "none"
artifacts = "light"
[[arm]]
criteria = ["magnitude", "random"]
[report]
sparsities = [0.3, 0.6, 0.9]
against = ["random"]
"""
ROOT = Path(__file__).resolve().parents[1]
DIGITS = ROOT / "experiments" / "seeds_digits.toml"
ARMS = 2
TABLES = ("params", "tags", "latest_metrics", "metrics")
CODE = "import sys; from benchmarks.studies import measured; measured(*sys.argv[1:])"
NAP = 0.2  # seconds of a cell that only sleeps


def study_file(folder: Path, section: str, seeds: int) -> str:
    path = folder / f"{section}.toml"
    path.write_text(STUDY.format(section=section, seeds=seeds), encoding="utf-8")
    return str(path)


class Copier:
    """Copies the runs of one seed, with all their rows, to other seeds and experiments."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, sqlite3.connect(folder / "mlflow.db")
        self.runs = self._rows("runs", "SELECT * FROM runs WHERE status = 'FINISHED'")
        kinds = "SELECT run_uuid, value FROM tags WHERE key = 'leastloss.kind'"
        self.kind = dict(self.store.execute(kinds))
        self.runs = [row for row in self.runs if self.kind[row["run_uuid"]] != "sweep"]
        ids = [row["run_uuid"] for row in self.runs]
        marks = ",".join("?" * len(ids))
        self.rows = {
            table: self._rows(table, f"SELECT * FROM {table} WHERE run_uuid IN ({marks})", ids)
            for table in TABLES
        }
        inputs = f"SELECT * FROM inputs WHERE destination_id IN ({marks})"
        self.inputs = self._rows("inputs", inputs, ids)
        self.number = 0

    def _rows(self, table: str, query: str, values: Any = ()) -> list[dict[str, Any]]:
        cursor = self.store.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def experiment(self, name: str) -> int:
        """Make an experiment; returns its id."""
        (number,) = self.store.execute("SELECT MAX(experiment_id) + 1 FROM experiments").fetchone()
        (row,) = self._rows("experiments", "SELECT * FROM experiments WHERE name = 'light'")
        place = (self.folder / "mlruns" / str(number)).as_uri()
        self._insert(
            "experiments",
            [row | {"experiment_id": number, "name": name, "artifact_location": place}],
        )
        return int(number)

    def copy(self, experiment: int, seed: int, *, files: bool) -> int:
        """Copy all runs of the template as those of a seed; returns how many."""
        new = {row["run_uuid"]: uuid.uuid4().hex for row in self.runs}
        self.number += 1

        def moved(text: Any) -> Any:
            if isinstance(text, str):
                for old, its in new.items():
                    text = text.replace(old, its)
            return text

        runs = []
        for row in self.runs:
            place = self.folder / "mlruns" / str(experiment) / new[row["run_uuid"]] / "artifacts"
            changes = {"experiment_id": experiment, "artifact_uri": place.as_uri()}
            changes |= {"start_time": row["start_time"] + 1000 * self.number}
            changes |= {"end_time": row["end_time"] + 1000 * self.number}
            runs.append(row | changes | {"run_uuid": new[row["run_uuid"]]})
            if files:
                old = Path(row["artifact_uri"].removeprefix("file://"))
                place.mkdir(parents=True)
                for name in ("table.csv",):
                    if (old / name).exists():
                        shutil.copy(old / name, place / name)
        self._insert("runs", runs)
        for table, rows in self.rows.items():
            ours = [row | {"run_uuid": new[row["run_uuid"]]} for row in rows]
            if table in ("params", "tags"):
                for row in ours:
                    row["value"] = moved(row["value"])
                    if row["key"] in ("seed", "dense_seed"):
                        row["value"] = str(seed)
            self._insert(table, ours)
        inputs = [
            row | {"input_uuid": uuid.uuid4().hex, "destination_id": new[row["destination_id"]]}
            for row in self.inputs
        ]
        self._insert("inputs", inputs)
        return len(runs)

    def _insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            names = ", ".join(rows[0])
            values = ", ".join("?" * len(rows[0]))
            self.store.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({values})",
                [tuple(row.values()) for row in rows],
            )


def filled(folder: Path, runs: int, cells: int) -> dict[str, int]:
    """Fill a store: studies of so many cells, and one experiment that holds all other runs."""
    sweep(SweepConfig(file=study_file(folder, "light", 1), workers=1, report="no"))
    copier, made = Copier(folder), 0
    for name, seeds in (("one", cells // ARMS), ("every", None)):
        experiment, seed = copier.experiment(name), 0
        while seed < seeds if seeds is not None else made < runs:
            made += copier.copy(experiment, seed, files=name == "one")
            seed += 1
    study_file(folder, "one", cells // ARMS)
    study_file(folder, "every", seed)
    copier.store.commit()
    copier.store.close()
    return {"runs": made, "cells of one": cells, "cells of every": seed * ARMS}


def measured(what: str, folder: str) -> None:
    """In a process of its own: do one thing; prints its seconds and the peak memory."""
    os.chdir(folder)
    tracking.client()  # the import of MLflow and the first look at the store are not counted
    begin, busy = time.perf_counter(), time.process_time()
    if what == "compare":
        compare(CompareConfig(experiment="one", few_seeds="yes"))
    elif what.startswith("left of "):
        (study,) = read_studies(f"{what.removeprefix('left of ')}.toml")
        found = find(study)
        if any(found.missing(seed) for seed in study.seeds):
            raise InputError("the store lacks runs of the study")
    else:
        (study,) = read_studies("one.toml")
        publish(find(study), Path(folder) / "out", "sweep")
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {"seconds": round(seconds, 1), "of CPU": round(time.process_time() - busy, 1)}
    print(json.dumps(result | {"peak MiB": round(peak)}))


def alone(what: str, folder: Path, more: Mapping[str, str] | None = None) -> dict[str, float]:
    """What :func:`measured` prints in a process of its own."""
    words = [sys.executable, "-c", CODE, what, str(folder)]
    paths = os.pathsep.join([str(ROOT), *sys.path])
    environment = os.environ | {"PYTHONPATH": paths} | (more or {})
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise click.ClickException(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def nap(seconds: float) -> None:
    """A cell that does nothing."""
    time.sleep(seconds)


def naps(count: int) -> list[Job]:
    """So many cells that only sleep."""
    return [Job(name=f"cell {i}", work=nap, arguments=(NAP,)) for i in range(count)]


def network(file: str, seed: int) -> None:
    """A real cell: train the network of a seed, and prune it by all arms."""
    (study,) = read_studies(file)
    code = code_digest()
    run_id = train_once(study.network(seed), study.section, code)
    for arms in study.calls():
        prune_missing(prune_config(study, seed, arms, run_id), arms, study.section, code)


def training(folder: Path, count: int, name: str) -> list[Job]:
    """So many cells of the digits' study, as a study of another name."""
    text = DIGITS.read_text(encoding="utf-8").replace("seeds-digits", name)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    tracking.ensure_experiment(name)
    file = str(folder / f"{name}.toml")
    return [Job(name=f"seed {i}", work=network, arguments=(file, i)) for i in range(count)]


def ready(folder: str, name: str, count: int, first: Job | None) -> None:
    """Do a first cell, which imports what all others need; wait until all workers have."""
    if first:
        first.work(*first.arguments)
    tracking.client()
    Path(folder, name).touch()
    while len(os.listdir(folder)) < count:
        time.sleep(0.05)


def with_workers(
    count: int, jobs: Sequence[Job], section: str = "", first: Sequence[Job] = ()
) -> float:
    """Seconds of all jobs, from when each worker has done one of the first; logged to a section."""
    ends, environment = [], tracking.worker_environment(section) if section else {}
    environment = {**environment, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    with tempfile.TemporaryDirectory() as folder:
        before = [
            Job(name=f"ready {i}", work=ready, arguments=(folder, f"{i}", count, job))
            for i, job in enumerate(first or [None] * count)
        ]
        for done in run_jobs([*before, *jobs], LocalWorkers(count, environment)):
            if done.error:
                raise click.ClickException(f"{done.job.name}: {done.error}")
            ends.append(time.perf_counter())
    return ends[-1] - ends[count - 1]


def gain(what: str, one: float, two: float) -> str:
    """One worker against two, in seconds."""
    return f"{what}: one worker {one:.1f} s, two {two:.1f} s ({one / two:.2f} times)"


def lines(runs: int, cells: int, trained: int, folder: Path) -> Iterator[str]:
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
    os.chdir(folder)
    begin = time.perf_counter()
    there = filled(folder, runs, cells)
    yield f"store: {there}, made in {time.perf_counter() - begin:.0f} s"
    spent = {}
    for what in ("left of one", "left of every", "compare", "publish"):
        result = alone(what, folder)
        spent[what] = result["seconds"]
        yield f"{what}: {result}"
    with server_of(os.environ["MLFLOW_TRACKING_URI"], str(folder)) as uri:
        behind = {"MLFLOW_TRACKING_URI": uri}
        for when, machine in (("first", "one"), ("second", "one"), ("first", "another")):
            cache = {"XDG_CACHE_HOME": str(folder / machine)}
            result = alone("left of every", folder, behind | cache)
            yield f"left of every behind a server, the {when} time on {machine} machine: {result}"
    slept = [with_workers(count, naps(40)) for count in (1, 2)]
    yield gain(f"40 cells that sleep {NAP:g} s", *slept)
    pruned = []
    for count in (1, 2):
        name = f"digits-{count}"
        jobs = training(folder, count + trained, name)
        pruned.append(with_workers(count, jobs[count:], name, jobs[:count]))
    yield gain(f"{trained} networks of digits, each pruned by five criteria", *pruned)
    took = with_workers(2, naps(cells))
    handing = took - cells * NAP / 2
    outside = 2 * spent["left of one"] + spent["publish"] + handing
    yield f"{cells} such cells on two workers: {took:.1f} s, {handing:.1f} s of it handing over"
    yield (
        f"with deciding (twice) and publishing {outside:.1f} s are outside of the cells: a tenth "
        f"of the time where a cell takes {2 * 9 * outside / cells:.2f} s"
    )


@click.command()
@click.option("--runs", default=300, show_default=True, help="Finished runs in the store.")
@click.option("--cells", default=60, show_default=True, help="Cells of the study at hand.")
@click.option(
    "--networks",
    "trained",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Networks that workers train and prune.",
)
def main(runs: int, cells: int, trained: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(runs, cells, trained, Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
