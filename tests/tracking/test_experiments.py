"""Experiments are made once, and never by looking for one."""

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from leastloss import tracking
from leastloss.errors import ResourceError


def test_looking_into_a_store_that_is_not_there_makes_none(
    store: MlflowClient, tmp_path: Path
) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/new/mlflow.db")
    with pytest.raises(ResourceError, match="there is no run 'abcd'"):
        tracking.find_run("abcd")
    with pytest.raises(ResourceError, match="there is no experiment 'a': no run was logged here"):
        tracking.search("", "a")
    assert tracking.search("") == []
    assert not tracking.has_experiment("a")
    assert not (tmp_path / "new").exists()
    tracking.ensure_experiment("a")
    assert tracking.has_experiment("a")
