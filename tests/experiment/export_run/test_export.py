"""Which network is taken home where none is named, and what is refused before it is fetched."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from leastloss.controls import ROLE
from leastloss.errors import InputError
from leastloss.experiment.config import ExportConfig
from leastloss.experiment.export_run import export


def test_without_a_run_it_is_the_method_that_loses_most_for_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(name: str, free: float, role: str) -> SimpleNamespace:
        data = SimpleNamespace(
            tags={ROLE: role}, metrics={"free_sparsity": free}, params={"criterion": name}
        )
        return SimpleNamespace(info=SimpleNamespace(run_id=name), data=data)

    made = [run("nc", 0.7, "method"), run("random", 0.7, "method"), run("small", 0.9, "control")]
    monkeypatch.setattr(export, "newest", lambda kind: "parent")
    monkeypatch.setattr(export, "children", lambda run_id: made)
    assert export._most_free() == "nc"
    monkeypatch.setattr(export, "children", lambda run_id: made[2:])
    assert export._most_free() == "small"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"file": "a", "step": "1"}, "file is one network"),
        ({"sparsity": "0.5", "step": "1"}, "give one of them"),
    ],
)
def test_options_that_name_two_networks_are_refused(options: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        export.chosen_network(ExportConfig(**options))


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
