"""The worker that exports networks: another one starts where the first was killed."""

import multiprocessing
import warnings
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mlflow.utils import environment
from torch import nn

from leastloss.models import ConvNet
from leastloss.tracking import _exporter


class Pool:
    """Takes jobs, or says that its worker was killed."""

    def __init__(self, *, broken: bool) -> None:
        self.broken = broken

    def submit(self, *job: object) -> "Future[None]":
        if self.broken:
            raise BrokenExecutor("the worker was killed")
        future: Future[None] = Future()
        future.set_result(None)
        return future


class Pools:
    """The first pool that is made is broken, and all others are not."""

    def __init__(self) -> None:
        self.cleared = 0

    def __call__(self) -> Pool:
        return Pool(broken=not self.cleared)

    def cache_clear(self) -> None:
        self.cleared += 1


def test_a_killed_worker_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    pools = Pools()
    monkeypatch.setattr(_exporter, "_pool", pools)
    _exporter.warm_up()
    assert pools.cleared == 1
    pools.cleared = 0
    example = np.zeros((2, 3), dtype=np.float32)
    _exporter.submit(nn.Linear(3, 2), example, {}, Path("model")).result()
    assert pools.cleared == 1


def test_a_process_that_may_have_none_of_its_own_exports_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    daemon = SimpleNamespace(daemon=True)
    monkeypatch.setattr(_exporter.multiprocessing, "current_process", lambda: daemon)
    monkeypatch.setattr(_exporter, "_pool", _exporter._pool.__wrapped__)
    example = np.zeros((2, 3), dtype=np.float32)
    network = nn.Linear(3, 2).eval().requires_grad_(False)
    _exporter.warm_up()
    assert _exporter.submit(network, example, {}, tmp_path / "model").done()
    assert (tmp_path / "model" / "MLmodel").is_file()


class Ended:
    """A pool that writes a file when it is ended at once."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def shutdown(self, *, wait: bool, kill_workers: bool) -> None:
        self.file.write_text(f"{wait} {kill_workers}")


def _leave(file: Path) -> None:
    """In a process of its own: make a pool and end."""
    _exporter._pool.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_exporter, "ProcessPoolExecutor", lambda **options: Ended(file))
        _exporter._pool()


def test_a_process_that_ends_does_not_wait_until_its_exporter_was_idle(tmp_path: Path) -> None:
    file = tmp_path / "ended"
    process = multiprocessing.get_context("fork").Process(target=_leave, args=(file,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # our threads do nothing there
        process.start()
    process.join()
    assert file.read_text() == "False True"


def test_a_network_in_channels_last_order_is_written_without_a_word(tmp_path: Path) -> None:
    network = ConvNet((3, 8, 8), (4, 3), 2).eval().requires_grad_(False)
    example = np.random.default_rng(0).random((2, 3, 8, 8), dtype=np.float32)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        _exporter.export(network, example, {}, tmp_path / "model")
    assert not [line for line in told if "complete tensor" in str(line.message)]
    (file,) = (tmp_path / "model").rglob("*.pt2")
    loaded = torch.export.load(file).module()
    assert torch.equal(loaded(torch.from_numpy(example)), network(torch.from_numpy(example)))


def test_the_packages_of_the_machine_are_not_searched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def search(*_: object) -> None:
        raise AssertionError("that takes seconds, and its answer is known")

    monkeypatch.setattr(environment, "warn_dependency_requirement_mismatches", search)
    network = nn.Linear(3, 2).eval().requires_grad_(False)
    _exporter.export(network, np.zeros((2, 3), dtype=np.float32), {}, tmp_path / "model")
    lines = (tmp_path / "model" / "requirements.txt").read_text().split()
    assert [line.partition("==")[0] for line in lines] == list(_exporter.PACKAGES)
    assert environment.warn_dependency_requirement_mismatches is search
    monkeypatch.delattr(environment, "warn_dependency_requirement_mismatches")
    with _exporter._installed_as_required():
        assert not hasattr(environment, "warn_dependency_requirement_mismatches")
