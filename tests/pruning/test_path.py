"""Masks and networks of a finished path."""

import copy
from typing import Any

import pytest
import torch
from torch import nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.pruning import apply_masks, prune


@pytest.fixture
def model(networks: dict[str, nn.Module]) -> nn.Module:
    return networks["mlp"]


def test_masks_are_nested_and_follow_from_the_order(model: nn.Module, data: Data) -> None:
    path = prune(model, data, "magnitude", to_sparsity=0.8, steps=4, progress=False)
    before = path.masks_at(0.0)
    for share in (0.2, 0.4, 0.55, 0.8):
        after = path.masks_at(share)
        assert all(bool((before[name] | ~after[name]).all()) for name in after)
        before = after


@pytest.mark.parametrize("recovery", ["none", "recalibrate", "finetune"])
def test_model_at_a_step_gives_the_metrics_of_that_step(
    recovery: str, networks: dict[str, nn.Module], data: Data
) -> None:
    path = prune(
        networks["binarized-mlp"],
        data,
        "random",
        to_sparsity=0.6,
        steps=3,
        recovery=recovery,
        progress=False,
    )
    for row in path.table().to_dict("records"):
        found = ll.evaluate(path.model_at(row["sparsity"]), data.test)
        assert found["accuracy"] == row["accuracy"]
        assert found["loss"] == row["loss"]


@pytest.mark.parametrize(
    ("kind", "recovery"),
    [("binarized-mlp", "none"), ("binarized-mlp", "auto"), ("mlp", "auto"), ("mlp", "adjust")],
)
def test_model_between_steps_is_masked_and_repaired(
    kind: str, recovery: str, networks: dict[str, nn.Module], data: Data
) -> None:
    options: dict[str, Any] = {"recovery": recovery, "schedule": "one-shot", "progress": False}
    path = prune(networks[kind], data, "random", to_sparsity=0.6, steps=2, **options)
    finer = prune(networks[kind], data, "random", to_sparsity=0.6, steps=4, **options)
    found = path.model_at(0.45)(data.test.x)
    assert torch.allclose(found, finer.model_at(0.45)(data.test.x), atol=1e-4)
    expected = copy.deepcopy(networks[kind])
    apply_masks(expected, path.masks_at(0.45))
    assert torch.equal(found, expected(data.test.x)) == (recovery == "none")
    with pytest.raises(InputError, match=r"goes from 0 to 0\.5996"):
        path.model_at(0.7)


def test_model_between_steps_needs_a_repair_without_memory(
    networks: dict[str, nn.Module], data: Data
) -> None:
    path = prune(
        networks["mlp"],
        data,
        "random",
        to_sparsity=0.6,
        steps=2,
        recovery="finetune:epochs=1",
        progress=False,
    )
    with pytest.raises(InputError, match=r"no step of this path has sparsity 0\.45"):
        path.model_at(0.45)


def test_the_former_name_of_removed_parts(networks: dict[str, nn.Module], data: Data) -> None:
    path = prune(networks["mlp"], data, "random", to_sparsity=0.5, steps=1, progress=False)
    assert (
        path.gone(7).tolist() == path.removed_parts(7).tolist() == path.removal_order[:7].tolist()
    )
