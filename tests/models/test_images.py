"""Networks of images take samples of any layout."""

import pytest
import torch

from leastloss.models import ConvNet, ResNet
from leastloss.models.images import OfImages


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
