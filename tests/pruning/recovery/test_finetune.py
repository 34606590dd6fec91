"""Training on holds the masks."""

import copy

import pytest
import torch
from tests.pruning.recovery.cases import halved
from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models import ResNet
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


def test_the_learning_rate_is_that_of_adam_whatever_the_network() -> None:
    torch.manual_seed(0)
    net = ResNet((3, 8, 8), blocks=1, classes=3).eval()
    data = Data.from_tensors((torch.rand(30, 3, 8, 8), torch.arange(30) % 3))
    moved = copy.deepcopy(net)
    Finetune(epochs=2, lr=1e-9).begin(net, data, 0)(moved, {})
    for value, other in zip(net.parameters(), moved.parameters(), strict=True):
        torch.testing.assert_close(value, other, rtol=0, atol=1e-6)


def test_frozen_norms_keep_their_statistics_and_train_their_weights() -> None:
    torch.manual_seed(0)
    net = ResNet((3, 8, 8), blocks=1, classes=3).eval()
    data = Data.from_tensors((torch.rand(30, 3, 8, 8), torch.arange(30) % 3))
    for batchnorm, same in (("frozen", True), ("train", False)):
        moved = copy.deepcopy(net)
        Finetune(epochs=1, batchnorm=batchnorm).begin(net, data, 0)(moved, {})
        norms = [name for name, part in net.named_modules() if isinstance(part, nn.BatchNorm2d)]
        assert norms
        for name in norms:
            before, after = net.get_submodule(name), moved.get_submodule(name)
            for key in ("running_mean", "running_var"):
                assert torch.equal(getattr(before, key), getattr(after, key)) is same
            assert not torch.equal(before.weight, after.weight)  # type: ignore[arg-type]


class Frozen(nn.BatchNorm2d):
    """As users freeze one by hand: it never goes into training mode."""

    def train(self, mode: bool = True) -> "Frozen":
        return super().train(False)


def test_norms_that_a_network_freezes_stay_frozen() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), Frozen(4), nn.Flatten(), nn.Linear(144, 3)).eval()
    data = Data.from_tensors((torch.rand(30, 3, 8, 8), torch.arange(30) % 3))
    moved = copy.deepcopy(net)
    Finetune(epochs=1).begin(net, data, 0)(moved, {})
    assert torch.equal(moved[1].running_mean, net[1].running_mean)


def test_an_unknown_treatment_of_norms_is_refused() -> None:
    with pytest.raises(InputError, match="frozen"):
        Finetune(batchnorm="froze")
