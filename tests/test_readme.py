"""What the README says must hold: its code runs, and it stays short."""

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


def test_the_table_names_every_entry_point() -> None:
    project = yaml.safe_load((ROOT / "MLproject").read_text(encoding="utf-8"))
    table = TEXT[TEXT.index("## Entry points") :]
    named = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert set(named) == set(project["entry_points"]) - {"environment"}


def test_no_table_is_longer_than_six_rows() -> None:
    tables = re.findall(r"(?:^\|.*\n)+", TEXT, re.MULTILINE)
    assert tables
    assert max(table.count("\n") - 2 for table in tables) <= 6
