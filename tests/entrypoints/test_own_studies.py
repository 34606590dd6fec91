"""A study of the repository's own: on one machine, on two Dask workers and on a PostgreSQL server.

In each place it is killed half-way and begun again by the same command, and comes out the same.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from distributed import LocalCluster
from mlflow import MlflowClient
from scripts.tracking_server import tracking_server, why_not
from tests.entrypoints.conftest import ROOT
from tests.entrypoints.test_kill import until

FILE = ROOT / "experiments/seeds_digits.toml"
FEWER = "seeds=2 train.epochs=5"  # networks and epochs; all else is as published


def sweep(out: Path, uri: str, *more: str) -> subprocess.Popen[bytes]:
    """Start the study as a user does, in a process group of its own."""
    words = [sys.executable, str(ROOT / "entrypoints/sweep.py"), "--override", FEWER]
    words += ["--file", str(FILE), "--out", str(out), *more]
    environment = os.environ | {"MLFLOW_TRACKING_URI": uri, "OMP_NUM_THREADS": "1"}
    with (out / "log").open("ab") as log:
        return subprocess.Popen(
            words, cwd=out, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def cells(client: MlflowClient, status: str) -> list[str]:
    """Prune runs of criteria in a state, by network and criterion."""
    where = f"tags.`leastloss.kind` = 'criterion' and attributes.status = '{status}'"
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(experiments, where, max_results=1000)
    return [
        f"{run.data.params['seed']} {run.data.params['criterion']} {run.data.params['recovery']}"
        for run in runs
    ]


@contextmanager
def place(kind: str, out: Path) -> Iterator[tuple[str, list[str]]]:
    """Where a study runs: the address of its store, and the options that say so."""
    sqlite = f"sqlite:///{out}/mlflow.db"
    if kind == "server":
        with tracking_server() as uri:
            yield uri, ["--workers", "2"]
    elif kind == "dask":
        options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
        with LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster:
            yield sqlite, ["--backend", "dask", "--scheduler", cluster.scheduler_address]
    else:
        yield sqlite, ["--workers", "2"]


def numbers(kind: str, folder: Path) -> pd.DataFrame:
    """Interrupt the study half-way, run it to its end, and read its table."""
    out = folder / kind
    out.mkdir()
    with place(kind, out) as (uri, options):
        first = sweep(out, uri, *options)
        until(lambda: len(cells(MlflowClient(uri), "FINISHED")) > 1, first, 600)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        again = sweep(out, uri, *options)
        assert again.wait() == 0, (out / "log").read_text()
        client = MlflowClient(uri)
        finished = cells(client, "FINISHED")
        assert sorted(set(finished)) == sorted(finished)  # every cell once
        assert not cells(client, "RUNNING")
    (table,) = (out / "results").glob("*.csv")
    return pd.read_csv(table)


@pytest.mark.slow
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_a_study_comes_out_the_same_wherever_it_runs(tmp_path: Path) -> None:
    here = numbers("machine", tmp_path)
    assert len(here) > 50
    for kind in ("dask", "server"):
        pd.testing.assert_frame_equal(here, numbers(kind, tmp_path), check_exact=True)
