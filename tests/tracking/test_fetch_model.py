"""Models by their address; how the recipes use them: tests/experiment/test_stored_network.py."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from leastloss.errors import ResourceError
from leastloss.tracking import model_facts


def test_a_damaged_description_is_one_line(store: MlflowClient, tmp_path: Path) -> None:
    for content in ("", "{", "flavors: 3", "flavors: {pytorch: {}}\nno_such: field\n\x00"):
        (tmp_path / "MLmodel").write_text(content)
        with pytest.raises(ResourceError) as told:
            model_facts("models:/x@y", tmp_path)
        assert "\n" not in str(told.value)
