"""A store that cannot be used says so at once, in one line and without its password."""

import shutil
import sqlite3
import sys
import time
from pathlib import Path
from typing import NoReturn
from urllib.error import URLError

import mlflow
import pytest
import sqlalchemy
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from tests.tracking.writers import check_writers

from leastloss import tracking
from leastloss.errors import ResourceError
from leastloss.tracking import _store
from leastloss.tracking._store import patiently, without_patience


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("http://127.0.0.1:9", "Connection refused"),
        ("sqlite:///{folder}", "unable to open database file"),
        ("sqlite:///{folder}/bad.db", "file is not a database"),
        ("sqlite:///{folder}/bad.db/mlflow.db", "File exists"),
        ("nonsense://x", "unsupported URI"),
        ("mysql+nodriver://me:secret@localhost/db", "nodriver"),
    ],
)
def test_one_line_at_once(
    tmp_path: Path, uri: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_store, "_FIRST", 0.2)
    (tmp_path / "bad.db").write_text("no database")
    mlflow.set_tracking_uri(uri.format(folder=tmp_path))
    start = time.monotonic()
    with pytest.raises(ResourceError, match=said) as caught:
        tracking.client()
    assert time.monotonic() - start < 10  # MLflow alone tries for minutes
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("driver", ["", "+psycopg"])
def test_without_its_driver_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, driver: str
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    mlflow.set_tracking_uri(f"postgresql{driver}://me:secret@127.0.0.1:9/db")
    with pytest.raises(ResourceError, match=r"needs more: .*leastloss\[postgres\]"):
        tracking.client()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "postgresql://h/db", "sqlite:///new.db"])
def test_the_first_look_is_repeated_within_bounds(
    monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    refused = URLError(ConnectionRefusedError("Connection refused"))
    locked = sqlalchemy.exc.OperationalError("", {}, Exception("database is locked"))
    looks = [0]

    def look(of: str, times: int = 2) -> None:
        looks[0] += 1
        if looks[0] <= times:
            raise refused if of.startswith("http") else locked

    def check(of: str) -> None:
        look(of, 10**9)

    mlflow.set_tracking_uri(uri)
    for name in ("_check_database", "_check_server"):
        monkeypatch.setattr(_store, name, look)
    for name in ("_make_file", "MlflowClient"):
        monkeypatch.setattr(_store, name, lambda uri: None)
    _store._check.cache_clear()
    _store._check(uri)
    assert looks == [3]
    _store._check.cache_clear()
    for name in ("_check_database", "_check_server"):
        monkeypatch.setattr(_store, name, check)
    monkeypatch.setattr(_store, "_FIRST", 0.2)
    monkeypatch.setattr(_store, "_LONGEST", 0.2)
    with pytest.raises(ResourceError, match=r"fails: .*(Connection refused|database is locked)"):
        _store._check(uri)
    assert 5 <= looks[0] < 10


def test_eight_writers_at_once(store: MlflowClient) -> None:
    check_writers(store)


class Busy:
    """Fails a number of times, then answers."""

    def __init__(self, times: int, said: str) -> None:
        self.times, self.said, self.calls = times, said, 0

    def __call__(self, *arguments: object) -> str:
        self.calls += 1
        if self.calls > self.times:
            return "done"
        raise MlflowException(self.said, error_code=TEMPORARILY_UNAVAILABLE)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("uri", "said"), [("", "database is locked"), ("postgresql://host/db", "connection refused")]
)
def test_a_busy_or_gone_database_is_asked_again_within_bounds(
    monkeypatch: pytest.MonkeyPatch, uri: str, said: str
) -> None:
    monkeypatch.setattr(_store.time, "sleep", lambda seconds: None)
    with monkeypatch.context() as patch:
        patch.setattr(mlflow, "get_tracking_uri", lambda: uri or "sqlite:///mlflow.db")
        assert patiently(Busy(3, said)) == "done"
        patch.setattr(_store, "_LONGEST", 0.05)
        with pytest.raises(MlflowException, match=said):
            patiently(Busy(10**9, said))
        with without_patience(), pytest.raises(MlflowException, match=said):
            patiently(busy := Busy(10**9, said))
        assert busy.calls == 1


@pytest.mark.usefixtures("store")
def test_a_full_disk_is_no_busy_database() -> None:
    full = Busy(1, "database or disk is full")
    with pytest.raises(MlflowException, match="full"):
        patiently(full)
    assert full.calls == 1


def test_the_client_repeats_its_calls(store: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_store.time, "sleep", lambda seconds: None)
    busy = Busy(2, "database is locked")
    monkeypatch.setattr(MlflowClient, "get_run", busy)
    assert tracking.client().get_run("1") == "done"
    assert busy.calls == 3


def test_a_kill_leaves_no_store_in_part(
    store: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(uri: str) -> NoReturn:
        """Make a part of the tables, as MLflow's migrations do, and go no further."""
        with sqlite3.connect(sqlalchemy.make_url(uri).database or "") as database:
            database.execute("CREATE TABLE issues (id INTEGER)")
        raise KeyboardInterrupt

    def made(uri: str) -> MlflowClient:
        shutil.copy(tmp_path / "mlflow.db", sqlalchemy.make_url(uri).database or "")
        return MlflowClient(uri)

    file = tmp_path / "50 % new.db"
    mlflow.set_tracking_uri(f"sqlite:///{file}")
    monkeypatch.setattr(_store, "MlflowClient", killed)
    with pytest.raises(KeyboardInterrupt):
        tracking.client()
    assert not file.exists() or file.stat().st_size == 0
    monkeypatch.setattr(_store, "MlflowClient", made)
    assert tracking.client().get_experiment_by_name("Default") is not None
    assert {path.name for path in tmp_path.glob("*.db")} == {file.name, "mlflow.db"}
