"""What cannot be exported is refused before any network is fetched."""

from pathlib import Path

import pytest

from leastloss.errors import InputError
from leastloss.experiment.config import ExportConfig
from leastloss.experiment.export_run import export


def test_no_network_is_fetched_for_files_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(config: ExportConfig) -> None:
        raise AssertionError("fetched")

    monkeypatch.setattr(export, "chosen_network", fetched)
    (tmp_path / "model.pt2").write_text("mine")
    with pytest.raises(InputError, match=r"holds model\.pt2 already"):
        export.export(ExportConfig(out=str(tmp_path), formats="pt2"))
    with pytest.raises(AssertionError, match="fetched"):
        export.export(ExportConfig(out=str(tmp_path), formats="pt2", overwrite="yes"))
