"""A study on a real Dask cluster of this machine, one worker killed half-way."""

import os
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from unittest import mock

import pandas as pd
import pytest
from distributed import LocalCluster
from mlflow import MlflowClient
from mlflow.entities import Run
from tests.entrypoints.conftest import Entry
from tests.entrypoints.test_kill import until
from tests.entrypoints.test_sweep import TEXT, runs

CELLS = 8  # two networks by three criteria and one more repair


@pytest.mark.slow
def test_the_table_is_that_of_one_machine_to_the_last_bit(
    store: MlflowClient, entry: Entry, tmp_path: Path
) -> None:
    file = tmp_path / "tiny.toml"
    file.write_text(TEXT)
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "threads_per_worker": 1}
    with LocalCluster(n_workers=2, **options) as cluster, cluster.get_client() as client:
        pids = client.run(os.getpid)
        killer = Thread(target=_kill_half_way, args=(store, [*pids.values()]))
        killer.start()
        dask = {"backend": "dask", "scheduler": cluster.scheduler_address}
        entry.run("sweep", file=file, out=tmp_path / "dask", **dask)
        killer.join()
        assert set(client.run(os.getpid).values()) != set(pids.values())
    entry.run("sweep", file=file, workers=2, override="section=local", out=tmp_path / "local")
    there, here = (
        pd.read_csv(tmp_path / place / "results" / f"{section}.csv")
        for place, section in (("dask", "tiny"), ("local", "local"))
    )
    assert len(there) > 100
    pd.testing.assert_frame_equal(there, here, check_exact=True)
    networks = there[there["what"] == "network"]
    keys = ["recovery", "method", "quantity", "at", "seed"]
    assert not networks.duplicated(keys).any()
    pruned = networks[networks["at"] > 0].drop_duplicates(["recovery", "method", "seed"])
    assert len(pruned) == CELLS
    made = [run for kind in ("train", "prune", "criterion") for run in runs(store, kind)]
    states = Counter(run.info.status for run in made)
    assert set(states) == {"FINISHED", "KILLED"}
    cells = [_cell(run) for run in runs(store, "criterion") if run.info.status == "FINISHED"]
    assert len(cells) == len({*cells}) == CELLS
    assert len([run for run in runs(store, "train") if run.info.status == "FINISHED"]) == 2


def _cell(run: Run) -> tuple[str, ...]:
    return tuple(run.data.params[key] for key in ("run_id", "criterion", "recovery", "seed"))


def _kill_half_way(store: MlflowClient, pids: Sequence[int]) -> None:
    """Kill a worker that has finished a cell of its job and is at the next one."""

    def half_way() -> int:
        every = runs(store, "criterion")
        owner = [int(run.data.tags["leastloss.process"].rpartition(":")[2]) for run in every]
        done, open_ = (
            {pid for pid, run in zip(owner, every, strict=True) if run.info.status == status}
            for status in ("FINISHED", "RUNNING")
        )
        return next(iter(done & open_ & {*pids}), 0)

    os.kill(until(half_way, mock.Mock(poll=lambda: None), 300), signal.SIGKILL)
