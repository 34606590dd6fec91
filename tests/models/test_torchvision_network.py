from pathlib import Path

import pytest
import torch
from torch import nn

from leastloss.errors import InputError
from leastloss.models import TorchvisionNetwork, build_model, load_network, save_network
from leastloss.models.torchvision_network import torchvision_names


def test_the_small_mobilenet_keeps_the_image_at_first(tmp_path: Path) -> None:
    network = build_model("mobilenet", (1, 32, 32), (), 5, generator=torch.Generator())
    assert isinstance(network, TorchvisionNetwork)
    again = build_model("mobilenet", (1, 32, 32), (), 5, generator=torch.Generator())
    x = torch.rand(2, 1, 32, 32)
    assert torch.equal(network.eval()(x), again.eval()(x))
    first = network.network.get_submodule("features.0.0")
    assert isinstance(first, nn.Conv2d)
    assert first(torch.rand(1, 3, 32, 32)).shape[2:] == (32, 32)
    save_network(tmp_path / "net.safetensors", network)
    assert torch.equal(load_network(tmp_path / "net.safetensors")(x), network(x))


def test_a_seed_draws_nothing_from_the_global_generator() -> None:
    before = torch.get_rng_state()
    build_model("mobilenet", (3, 32, 32), (), 5, generator=torch.Generator())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["vgg11-bn", "squeezenet1_1", "resnet18"])
def test_names_of_torchvision_are_built_without_weights(name: str) -> None:
    with torch.device("meta"):
        network = build_model(name, (3, 64, 64), (), 7)
        assert network(torch.rand(2, 3, 64, 64)).shape == (2, 7)
    assert {"resnet18", "vgg11_bn", "mobilenet_v2"} <= set(torchvision_names())
    assert "inception_v3" not in torchvision_names()


@pytest.mark.parametrize(
    ("shape", "name", "words"),
    [
        ((3, 16, 16), "vgg11-bn", r"does not run on samples of shape \(3, 16, 16\)"),
        ((3, 32, 32), "vit_b_16", r"does not run on samples of shape \(3, 32, 32\)"),
        ((2, 32, 32), "mobilenet", "needs images of one or three channels"),
        ((3, 32, 32), "resnet19", "unknown model 'resnet19'; did you mean 'resnet1"),
    ],
)
def test_networks_that_cannot_be(shape: tuple[int, ...], name: str, words: str) -> None:
    with torch.device("meta"), pytest.raises(InputError, match=words):
        TorchvisionNetwork(shape, name)
