"""Files are logged with the usual mode and with the digest of their last content."""

import os
import stat

import pytest
from mlflow import MlflowClient
from tests.tracking.cases import place, read

from leastloss import tracking
from leastloss.models import MLP
from leastloss.models.files import save_network


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_files_have_the_mode_that_the_umask_gives(store: MlflowClient, mask: int) -> None:
    before = os.umask(mask)
    try:
        with tracking.run("train", "t", {}, exports=False) as run_id:
            tracking.log_text(run_id, "a", "a.txt")
            tracking.log_file(run_id, "w", lambda path: save_network(path, MLP(4, (), 2), {}))
    finally:
        os.umask(before)
    for name in ("a.txt", "w"):
        assert stat.S_IMODE((place(store, run_id) / name).stat().st_mode) == 0o666 & ~mask
    assert sorted(path.name for path in place(store, run_id).iterdir()) == ["a.txt", "w"]


def test_a_file_that_is_logged_again_has_the_new_digest(store: MlflowClient) -> None:
    with tracking.run("train", "t", {}, exports=False) as run_id:
        tracking.log_text(run_id, "a", "a.txt")
        tracking.log_text(run_id, "b", "a.txt")
    assert read(run_id, "a.txt") == "b"
