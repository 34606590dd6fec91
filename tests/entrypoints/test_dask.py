"""A study on a real Dask cluster of this machine, one worker killed half-way."""

import os
import signal
from pathlib import Path
from threading import Thread
from unittest import mock

import pandas as pd
import pytest
from distributed import LocalCluster
from mlflow import MlflowClient
from tests.entrypoints.conftest import Entry
from tests.entrypoints.test_kill import until
from tests.entrypoints.test_sweep import TEXT, runs


@pytest.mark.slow
def test_the_table_is_that_of_one_machine_to_the_last_bit(
    store: MlflowClient, entry: Entry, tmp_path: Path
) -> None:
    file = tmp_path / "tiny.toml"
    file.write_text(TEXT)
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "threads_per_worker": 1}
    with LocalCluster(n_workers=2, **options) as cluster, cluster.get_client() as client:
        pids = client.run(os.getpid)
        killer = Thread(target=_kill_half_way, args=(store, next(iter(pids.values()))))
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


def _kill_half_way(store: MlflowClient, pid: int) -> None:
    until(lambda: runs(store, "criterion"), mock.Mock(poll=lambda: None), 300)
    os.kill(pid, signal.SIGKILL)
