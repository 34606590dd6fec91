"""Networks of images take samples of any layout, and pixels in [0, 1]."""

import pytest
import torch
from torch import nn

from leastloss.errors import InputError
from leastloss.models import ConvNet, ResNet
from leastloss.models.images import Normalize, OfImages, normalization_for, read_normalization


@pytest.mark.parametrize(
    "network",
    [ConvNet((1, 8, 8), (4, 4), 3), ResNet((1, 8, 8), blocks=1, classes=3)],
    ids=lambda network: type(network).__name__,
)
def test_flat_samples_are_images_of_the_shape(network: OfImages) -> None:
    network.eval()
    images = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert network.features == 64
    assert torch.equal(network.as_images(images.flatten(1)), images)
    with torch.no_grad():
        torch.testing.assert_close(network(images.flatten(1)), network(images))


def test_each_channel_by_its_own_numbers() -> None:
    x = torch.rand(2, 3, 4, 5)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = (x - mean[:, None, None]) / std[:, None, None]
    assert torch.equal(Normalize("imagenet")(x), expected)
    assert torch.equal(Normalize("0.485,0.456,0.406/0.229,0.224,0.225")(x), expected)


def test_it_moves_with_the_network_and_leaves_no_entry_in_its_state() -> None:
    network = nn.Sequential(Normalize("half"), nn.Flatten(), nn.Linear(4, 2)).double()
    assert list(network.state_dict()) == ["2.weight", "2.bias"]
    assert network(torch.rand(1, 1, 2, 2).double()).dtype == torch.float64


def test_auto_follows_the_channels() -> None:
    kinds = [normalization_for("auto", channels) for channels in (1, 2, 3)]
    assert [kind.spec for kind in kinds] == ["half", "half", "imagenet"]  # type: ignore[union-attr]  # a Normalize
    assert isinstance(normalization_for("none", 3), nn.Identity)


@pytest.mark.parametrize("spec", ["imagnet", "", "0.5", "0.5/0", "0.5/-1", "0.5,0.5/0.5", "a/b"])
def test_what_is_no_normalization(spec: str) -> None:
    with pytest.raises(InputError, match="it must be one of imagenet, cifar10, half, or means"):
        read_normalization(spec)


def test_other_numbers_of_channels_are_refused() -> None:
    with pytest.raises(InputError, match="'imagenet', of 3 channels; the images have 1"):
        normalization_for("imagenet", 1)
