"""Training on holds the masks."""

import pytest
import torch
from tests.pruning.recovery.cases import halved
from torch import nn

from leastloss.data import Data
from leastloss.models.layers import prunable_layers
from leastloss.pruning import (
    Finetune,
)


@pytest.mark.parametrize("kind", ["mlp", "binarized-mlp"])
def test_finetuning_holds_the_masks_and_lowers_the_loss(
    kind: str, data: Data, networks: dict[str, nn.Module]
) -> None:
    model, masks = halved(networks[kind])
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
