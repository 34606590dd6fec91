"""A store that cannot be used says so at once, in one line and without its password."""

import sys
import time
from pathlib import Path

import mlflow
import pytest

from leastloss import tracking
from leastloss.errors import ResourceError


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
def test_one_line_at_once(tmp_path: Path, uri: str, said: str) -> None:
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
