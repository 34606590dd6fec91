"""Pruned networks of a run, at their last step and at other sparsities."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError, ResourceError
from leastloss.experiment.config import TrainConfig
from leastloss.experiment.dense import Dense
from leastloss.experiment.robustness_run import networks as recipe
from leastloss.options import parameters


def child(order: np.ndarray, parts: int, **params: str) -> Any:
    given = {"recovery": "none", "granularity": "weight", "seed": "0"} | params
    metrics = {"sparsity": len(order) / parts}
    return SimpleNamespace(
        info=SimpleNamespace(run_id="child", status="FINISHED"),
        data=SimpleNamespace(params=given, metrics=metrics, tags={}),
    )


@pytest.fixture
def dense(networks: dict[str, nn.Module], data: Data) -> Dense:
    settings = parameters(TrainConfig(model="mlp", hidden="12,8"))
    return Dense(
        model=networks["mlp"], data=data, run_id="d", model_id="m", name="net", settings=settings
    )


@pytest.fixture
def path(dense: Dense, monkeypatch: pytest.MonkeyPatch) -> ll.PruningPath:
    path = ll.prune(
        dense.model,
        dense.data,
        "magnitude",
        to_sparsity=0.8,
        steps=4,
        recovery="none",
        progress=False,
    )
    monkeypatch.setattr(recipe.tracking, "fetch_array", lambda run_id, name: path.removal_order)
    return path


def test_between_the_steps_a_network_follows_from_the_order(
    path: ll.PruningPath, dense: Dense
) -> None:
    run = child(path.removal_order, len(path.parts))
    for at in (0.0, 0.37, 0.6, 0.8):
        network, sparsity = recipe.pruned_network(run, dense, at)
        expected = path.model_at(at)
        assert abs(sparsity - at) <= 1 / len(path.parts)
        for name, value in expected.state_dict().items():
            if name in network.state_dict():
                assert torch.equal(network.state_dict()[name], value), (at, name)


@pytest.mark.parametrize(
    ("at", "params", "said"),
    [
        (0.9, {}, "sparsity is 0.9; run 'child' goes from 0 to 0.79"),
        (0.5, {"recovery": "finetune"}, "holds the last one only; leave out the sparsity"),
    ],
)
def test_networks_that_cannot_be_rebuilt(
    at: float, params: dict[str, str], said: str, path: ll.PruningPath, dense: Dense
) -> None:
    with pytest.raises(InputError, match=said):
        recipe.pruned_network(child(path.removal_order, len(path.parts), **params), dense, at)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (np.array([0.0, 1.0]), "it is no order of the 10 parts"),
        (np.array([[0], [1]]), "it is no order of the 10 parts"),
        (np.array([3, 10]), "it is no order of the 10 parts"),
        (np.array([3, 3]), "a part occurs more than once"),
    ],
)
def test_a_damaged_order_is_refused(order: np.ndarray, said: str) -> None:
    with pytest.raises(ResourceError, match=said):
        recipe._check_order(child(order, 10), order, 10)


def test_an_order_that_was_cut_is_refused() -> None:
    order = np.arange(6)
    recipe._check_order(child(order, 10), order, 10)
    with pytest.raises(ResourceError, match="it holds 4 parts, and the run removed 6"):
        recipe._check_order(child(order, 10), order[:4], 10)


def test_a_run_without_a_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    run = SimpleNamespace(data=SimpleNamespace(tags={"leastloss.kind": "compare"}))
    monkeypatch.setattr(recipe.tracking, "find_run", lambda run_id: run)
    with pytest.raises(ResourceError, match="holds no network: it is a run of kind 'compare'"):
        recipe.networks_of("abc", [])
