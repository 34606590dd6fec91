"""The tags that say on what a run ran."""

from importlib.metadata import version
from pathlib import Path

import pytest

from leastloss.tracking import _environment, environment


def test_tags_name_the_versions_and_the_device() -> None:
    tags = environment()
    assert tags["version.numpy"] == version("numpy")
    assert all(f"version.{name}" in tags for name in _environment.PACKAGES)
    assert tags["device"]
    assert int(tags["threads"]) >= 1


def test_a_package_outside_of_a_checkout_has_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_environment, "__file__", str(tmp_path / "_environment.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    tags = environment.__wrapped__()
    assert tags["git.commit"] == tags["git.dirty"] == "unknown"
