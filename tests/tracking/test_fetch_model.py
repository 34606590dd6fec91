"""Models by their address; how the recipes use them: tests/experiment/test_stored_network.py."""

import importlib
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from tests.forked import forked

from leastloss.errors import ResourceError
from leastloss.tracking import model_facts
from leastloss.tracking._fetch_model import unpickled_network


def test_a_damaged_description_is_one_line(store: MlflowClient, tmp_path: Path) -> None:
    for content in ("", "{", "flavors: 3", "flavors: {pytorch: {}}\nno_such: field\n\x00"):
        (tmp_path / "MLmodel").write_text(content)
        with pytest.raises(ResourceError) as told:
            model_facts("models:/x@y", tmp_path)
        assert "\n" not in str(told.value)


def _save(folder: Path) -> None:
    """Log a network whose class only this process knows."""
    sys.path.insert(0, str(folder))
    leaf = importlib.import_module("leaf").Leaf(2, 3)
    mlflow.pytorch.save_model(leaf, "model", serialization_format="pickle", pip_requirements=[])


def test_a_trusted_pickle_finds_its_class_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leaf.py").write_text("from torch import nn\n\nclass Leaf(nn.Linear):\n    pass\n")
    saved = forked(_save, tmp_path)
    saved.join()
    assert saved.exitcode == 0
    assert "leaf" not in sys.modules
    network = unpickled_network("models:/leaf/1", tmp_path / "model")
    assert type(network).__name__ == "Leaf"
    assert str(tmp_path) not in sys.path
