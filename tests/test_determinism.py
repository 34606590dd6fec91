"""Determinism on request, and everything as before afterwards."""

import os
from types import SimpleNamespace

import pytest
import torch

from leastloss.determinism import as_configured, deterministic
from leastloss.errors import InputError


@pytest.mark.parametrize("workspace", [None, ":16:8"])
def test_everything_is_as_before_afterwards(
    monkeypatch: pytest.MonkeyPatch, workspace: str | None
) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    if workspace:
        monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", workspace)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    with deterministic():
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == (workspace or ":4096:8")
        assert not torch.backends.cudnn.benchmark
    assert not torch.are_deterministic_algorithms_enabled()
    assert os.environ.get("CUBLAS_WORKSPACE_CONFIG") == workspace
    assert torch.backends.cudnn.benchmark


def test_a_caller_that_was_deterministic_stays_so() -> None:
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with deterministic():
            assert not torch.is_deterministic_algorithms_warn_only_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(False)


def test_what_torch_cannot_do_so_is_one_line() -> None:
    message = "max_pool3d_backward does not have a deterministic implementation, but you set it."
    told = r"deterministic is 'yes', and torch cannot: max_pool3d"
    with pytest.raises(InputError, match=told), deterministic():
        raise RuntimeError(message)
    assert not torch.are_deterministic_algorithms_enabled()
    with pytest.raises(RuntimeError, match="another"), deterministic():
        raise RuntimeError("another")


@pytest.mark.parametrize("asked", ["yes", "no"])
def test_recipes_do_as_their_configuration_says(asked: str) -> None:
    recipe = as_configured(lambda config: torch.are_deterministic_algorithms_enabled())
    assert recipe(SimpleNamespace(deterministic=asked)) is (asked == "yes")
