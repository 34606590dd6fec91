"""Training on holds the masks."""

import copy

import pytest
import torch
from torch import nn

from leastloss.data import Data
from leastloss.models.layers import Masks, prunable_layers
from leastloss.pruning import (
    Finetune,
    apply_masks,
    full_masks,
)


def _halved(model: nn.Module) -> tuple[nn.Module, Masks]:
    model = copy.deepcopy(model)
    masks = full_masks(model)
    for mask in masks.values():
        mask[:, ::2] = False
    apply_masks(model, masks)
    return model, masks


@pytest.mark.parametrize("kind", ["mlp", "binarized-mlp"])
def test_finetuning_holds_the_masks_and_lowers_the_loss(
    kind: str, data: Data, networks: dict[str, nn.Module]
) -> None:
    model, masks = _halved(networks[kind])
    x, y = data.train.x, data.train.y
    with torch.no_grad():
        before = nn.functional.cross_entropy(model(x), y)
    Finetune(epochs=30, lr=1e-2).begin(model, data, 0)(model, masks)
    with torch.no_grad():
        after = nn.functional.cross_entropy(model(x), y)
    assert after < before
    for name, layer in prunable_layers(model).items():
        if kind == "mlp":
            assert (layer.weight[~masks[name]] == 0).all()
        else:
            assert torch.equal(layer.mask.bool(), masks[name])  # type: ignore[arg-type, operator]  # a buffer
