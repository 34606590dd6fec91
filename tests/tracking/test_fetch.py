"""Files of runs: fetched, damaged, gone, or beside a store that was moved."""

import shutil
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from tests.tracking.cases import place, read

from leastloss import tracking
from leastloss.errors import ResourceError


def test_every_file_has_a_digest_that_is_checked(store: MlflowClient, kept: str) -> None:
    assert read(kept) == "step\n0\n"
    assert tracking.fetch_array(kept, "order.npy").tolist() == [0, 1, 2]
    (place(store, kept) / "table.csv").write_text("step\n1\n")
    np.save(place(store, kept) / "order.npy", np.zeros(3, dtype=int))
    said = f"table.csv of run {kept!r} was changed after it was logged: its sha256 is "
    for call in (lambda: read(kept), lambda: tracking.fetch_table(kept, "table.csv")):
        with pytest.raises(ResourceError, match=said) as caught:
            call()
        assert "\n" not in str(caught.value)
    with pytest.raises(ResourceError, match=f"order.npy of run {kept!r} was changed"):
        tracking.fetch_array(kept, "order.npy")


def test_runs_without_digests_stay_readable(store: MlflowClient, kept: str) -> None:
    store.delete_tag(kept, "sha256.table.csv")
    (place(store, kept) / "table.csv").write_text("step\n1\n")
    assert read(kept) == "step\n1\n"


def moved(store: MlflowClient, tmp_path: Path, *parts: str) -> Path:
    """The store and what belongs to it in another folder; the old place is gone."""
    new = tmp_path / "new place"
    new.mkdir()
    for name in ("mlflow.db", *parts):
        shutil.move(tmp_path / name, new / name)
    shutil.rmtree(tmp_path / "mlruns", ignore_errors=True)
    mlflow.set_tracking_uri(f"sqlite:///{new}/mlflow.db")
    return new


def test_files_are_found_beside_a_store_that_was_moved(
    store: MlflowClient, kept: str, tmp_path: Path
) -> None:
    new = moved(store, tmp_path, "mlruns")
    before = sorted(path for path in new.rglob("*") if "mlflow.db" not in path.name)
    assert read(kept) == "step\n0\n"
    assert tracking.fetch_file(kept, "table.csv", tmp_path).read_text() == "step\n0\n"
    assert sorted(p for p in new.rglob("*") if "mlflow.db" not in p.name) == before
    assert not (tmp_path / "mlruns").exists()


def test_a_store_that_was_moved_without_its_files_says_so(
    store: MlflowClient, kept: str, tmp_path: Path
) -> None:
    new = moved(store, tmp_path)
    with pytest.raises(ResourceError) as caught:
        read(kept)
    line = str(caught.value)
    assert line.startswith(
        f"table.csv of run {kept!r} is gone: the store sqlite:///{new}/mlflow.db"
    )
    assert f"says it is in {tmp_path}/mlruns/{kept}/artifacts" in line
    assert line.endswith(f"copy the folder of its artifacts (mlruns) to {new}")
    assert "\n" not in line


def test_what_never_was_is_not_called_gone(store: MlflowClient, kept: str) -> None:
    with pytest.raises(ResourceError, match=f"^run {kept!r} holds no other.csv; "):
        read(kept, "other.csv")
    (place(store, kept) / "table.csv").unlink()
    with pytest.raises(ResourceError, match=f"^run {kept!r} holds no table.csv any more; "):
        read(kept)


def test_files_that_vanish_while_the_run_goes_on_fail_it(store: MlflowClient) -> None:
    def logged_and_taken_away() -> None:
        with tracking.run("train", "t", {}, exports=False) as run_id:
            tracking.log_text(run_id, "b", "b.txt")
            tracking.log_text(run_id, "a", "a.txt")
            shutil.rmtree(place(store, run_id))

    with pytest.raises(ResourceError, match=r"logged vanished from .*: a\.txt, b\.txt$"):
        logged_and_taken_away()
    (run,) = store.search_runs(["1"])
    assert run.info.status == "FAILED"
    assert "vanished" in run.data.tags["failure"]
