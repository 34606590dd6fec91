"""The machine of a run, as tags."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from leastloss.tracking import _hardware
from leastloss.tracking._hardware import PREFIX, hardware


def test_all_of_the_machine_is_told_in_short() -> None:
    facts = hardware()
    assert all(0 < len(value) < 300 for value in facts.values()), facts
    assert "openblas" in facts[f"{PREFIX}blas"] or "mkl" in facts[f"{PREFIX}blas"]
    physical, _, logical, _ = facts[f"{PREFIX}cores"].split()
    assert 1 <= int(physical) <= int(logical)


def test_the_processor_is_named_where_linux_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_hardware, "_CPUS", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Abacus 3000\n")
    assert hardware()[f"{PREFIX}cpu"] == "Abacus 3000"
    (tmp_path / "cpuinfo").unlink()
    assert hardware()[f"{PREFIX}cpu"]


def test_a_gpu_is_told_with_its_memory_and_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    card = SimpleNamespace(name="Big", total_memory=80 << 30)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: card)
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 90100)
    assert _hardware._gpu().startswith("2 x Big, 80 GiB, CUDA ")
