"""Models by their address; how the recipes use them: tests/experiment/test_stored_network.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from leastloss.errors import ResourceError
from leastloss.tracking import model_facts
from leastloss.tracking._fetch_model import unpickled_network


def test_a_damaged_description_is_one_line(store: MlflowClient, tmp_path: Path) -> None:
    for content in ("", "{", "flavors: 3", "flavors: {pytorch: {}}\nno_such: field\n\x00"):
        (tmp_path / "MLmodel").write_text(content)
        with pytest.raises(ResourceError) as told:
            model_facts("models:/x@y", tmp_path)
        assert "\n" not in str(told.value)


SAVE = """
import mlflow, leaf
mlflow.pytorch.save_model(leaf.Leaf(2, 3), "model", serialization_format="pickle")
"""


def test_a_trusted_pickle_finds_its_class_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leaf.py").write_text("from torch import nn\n\nclass Leaf(nn.Linear):\n    pass\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    saved = subprocess.run([sys.executable, "-c", SAVE], env=environment, capture_output=True)
    assert saved.returncode == 0, saved.stderr.decode()
    network = unpickled_network("models:/leaf/1", tmp_path / "model")
    assert type(network).__name__ == "Leaf"
    assert str(tmp_path) not in sys.path
