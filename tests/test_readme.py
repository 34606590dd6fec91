"""What the README says must hold: its code runs and its table names the real parameters."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    example = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0]
    assert "ll.prune(" in example
    exec(compile(example, "README.md", "exec"), {})
    assert (tmp_path / "pruned.safetensors").exists()


def test_the_table_of_entry_points_names_every_parameter() -> None:
    project = yaml.safe_load((ROOT / "MLproject").read_text(encoding="utf-8"))
    table = TEXT[TEXT.index("## Entry points") : TEXT.index("## From Python")]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE))
    shared = set(project["entry_points"]["train"]["parameters"])
    for name, row in rows.items():
        given = set(re.findall(r"`(\w+)`", row))
        known = set(project["entry_points"][name]["parameters"])
        assert given <= known, f"{name}: the README names {given - known}"
        missing = known - given - (shared if name == "prune" else set())
        assert not missing, f"{name}: the README does not name {missing}"
    assert set(rows) == set(project["entry_points"]) - {"environment"}


def test_files_that_the_readme_points_to_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
