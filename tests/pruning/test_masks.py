import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.models.coupled_cases import coupled_case
from torch import nn

from leastloss.errors import InputError
from leastloss.models import MLP, BinarizedMLP, ConvNet
from leastloss.models.layers import prunable_layers
from leastloss.pruning import Parts, apply_masks, full_masks, sparsity
from leastloss.pruning.masks import dead_units


@given(st.sets(st.integers(0, 6 * 5 + 5 * 3 - 1)))
def test_weight_masks_drop_exactly_the_named_parts(removed: set[int]) -> None:
    parts = Parts.of(MLP(6, (5,), 3), "weight")
    masks = parts.masks(np.array(sorted(removed), dtype=np.int64))
    flat = torch.cat([mask.flatten() for mask in masks.values()])
    assert set(torch.nonzero(~flat).flatten().tolist()) == removed
    assert sparsity(masks) == pytest.approx(len(removed) / 45)


@pytest.mark.parametrize("kind", [MLP, BinarizedMLP])
def test_removed_units_have_no_influence(kind: type[MLP | BinarizedMLP]) -> None:
    model = kind(6, (5, 4), 3).eval()
    parts = Parts.of(model, "unit")
    assert len(parts) == 9
    masks = parts.masks(np.array([1, 5 + 2]))
    apply_masks(model, masks)
    names = list(masks)
    assert not masks[names[0]][1].any()
    assert not masks[names[1]][:, 1].any()
    assert not masks[names[2]][:, 2].any()
    x = torch.rand(4, 6)
    before = model(x)
    # Whatever the removed unit's neighbours in the file would be, its latent weights cannot speak.
    if isinstance(model, BinarizedMLP):
        with torch.no_grad():
            prunable_layers(model)[names[0]].weight[1] *= -1
        assert torch.equal(model(x), before)
    assert dead_units(masks, parts.units) == 2


def test_numbering_is_layer_by_layer_in_c_order() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))
    parts = Parts.of(model, "weight")
    scores = {"0": np.arange(6.0).reshape(2, 3), "2": np.arange(6.0, 10.0).reshape(2, 2)}
    assert parts.flatten(scores).tolist() == list(range(10))
    assert parts.layer_of.tolist() == [0] * 6 + [1] * 4
    mask = parts.masks(np.array([4]))["0"]
    assert not mask[1, 1]


def test_scores_of_the_wrong_shape_are_refused() -> None:
    parts = Parts.of(nn.Linear(3, 2), "weight")
    with pytest.raises(InputError, match="needs 6 scores"):
        parts.flatten({"": np.zeros(5)})


def test_the_mask_is_the_truth_not_a_zero_weight() -> None:
    model = MLP(4, (3,), 2)
    with torch.no_grad():
        prunable_layers(model)["layers.0"].weight.zero_()
    assert sparsity(full_masks(model)) == 0.0


@pytest.mark.parametrize("kind", [MLP, BinarizedMLP])
def test_parts_that_the_masks_lack_are_held(kind: type[MLP | BinarizedMLP]) -> None:
    model = kind(4, (3,), 2)
    masks = full_masks(model)
    name = next(iter(masks))
    masks[name][0, 2:] = False
    apply_masks(model, masks)
    parts = Parts.of(model, "weight")
    assert parts.held.tolist() == [2, 3]
    assert all(torch.equal(parts.masks(parts.held)[name], mask) for name, mask in masks.items())


def test_unknown_granularity_is_refused_with_the_options() -> None:
    with pytest.raises(InputError, match="unknown granularity 'units'; did you mean 'unit'"):
        Parts.of(MLP(4, (3,), 2), "units")


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (
            ConvNet((2, 8, 8), (4, 4, 6, 5), 3, generator=torch.Generator().manual_seed(0)),
            (2, 8, 8),
        ),
        (
            nn.Sequential(
                nn.Conv2d(2, 4, 3, padding="same", padding_mode="reflect", bias=True),
                nn.GELU(),
                nn.Conv2d(4, 6, (1, 2), stride=2, dilation=2),
                nn.BatchNorm2d(6),
                nn.AdaptiveAvgPool2d((2, 3)),
                nn.Flatten(),
                nn.Dropout(),
                nn.Linear(36, 5),
                nn.SiLU(),
                nn.Linear(5, 3),
            ),
            (2, 8, 8),
        ),
    ],
    ids=["convnet", "own"],
)
def test_a_removed_channel_contributes_exactly_nothing(
    model: nn.Module, shape: tuple[int, ...]
) -> None:
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():  # so that a channel without weights still has a value
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.bias, 0.5, 1.0, generator=generator)
    parts = Parts.of(model.eval(), "unit")
    starts = np.cumsum([0, *parts.sizes.values()])
    gone = [starts[i] + 1 for i in range(len(parts.sizes))]
    masks = parts.masks(np.array(gone))
    apply_masks(model, masks)
    assert dead_units(masks, parts.units) == len(gone)
    # 1 of n rows, and the columns of 1 of m units, whatever their number.
    units = [*parts.sizes.values(), 3]
    before = [shape[0], *parts.sizes.values()]
    for name, rows, read, first in zip(masks, units, before, [True] + [False] * 9, strict=False):
        share = 1.0 if first else 1 - 1 / read
        share *= 1.0 if name == list(masks)[-1] else 1 - 1 / rows
        assert masks[name].float().mean().item() == pytest.approx(share)
    x = torch.rand(4, *shape, generator=generator)
    wanted = model(x)
    layers = prunable_layers(model)

    def shout(_: nn.Module, __: object, output: torch.Tensor) -> torch.Tensor:
        output = output.clone()
        output[:, 1] = 7.0
        return output

    for name in parts.units:
        layers[name].register_forward_hook(shout)
    assert torch.equal(model(x), wanted)
    assert wanted.std() > 0


def test_units_of_layers_by_name() -> None:
    model, x = coupled_case("option-b")
    parts = Parts.of(model, "unit", ["layer1.0.conv1", "layer2.0.shortcut.0"], x[:2])
    assert list(parts.units) == ["layer1.0.conv1", "layer2.0.conv2"]  # what it is added to, too
    assert set(parts.dense) == {
        *("layer1.0.conv1", "layer1.0.conv2", "layer2.0.conv2", "layer2.0.shortcut.0"),
        *("layer3.0.conv1", "layer3.0.shortcut.0"),
    }
    with pytest.raises(InputError, match="unknown layer with hidden units 'linear'"):
        Parts.of(model, "unit", ["linear"], x[:2])
    model, x = coupled_case("option-a")
    assert "conv1" in Parts.of(model, "unit", None, x[:2]).left_out
    with pytest.raises(InputError, match=r"the units of layer 'conv1' .*; leave it out"):
        Parts.of(model, "unit", ["conv1"], x[:2])
