"""Networks by name."""

import pytest
import torch

from leastloss.errors import InputError
from leastloss.models import MLP, MODELS, ConvNet, build_model, known_model


def test_it_is_built_by_name_from_the_shape_of_a_sample() -> None:
    model = build_model("convnet", (1, 8, 8), (4, 6), 10)
    assert isinstance(model, ConvNet)
    with pytest.raises(InputError, match="needs images"):
        build_model("convnet", 64, (4, 6), 10)
    plain = build_model("mlp-no-bias", (1, 8, 8), (4, 6), 10)
    assert isinstance(plain, MLP)
    assert [name for name, _ in plain.named_parameters() if "bias" in name] == []
    assert plain(torch.rand(2, 1, 8, 8)).shape == (2, 10)


def test_networks_for_images_have_widths_of_their_own() -> None:
    assert known_model("mobilenet_v2") == "mobilenet_v2"
    one = build_model("resnet20", (3, 32, 32), (), 7)
    two = build_model("resnet20", (3, 32, 32), (5, 5), 7, normalize="half")
    assert [v.shape for v in one.parameters()] == [v.shape for v in two.parameters()]
    assert two(torch.rand(2, 3, 32, 32)).shape == (2, 7)
    assert {"resnet8", "resnet20", "resnet32", "resnet56", "vgg11-bn", "mobilenet"} < set(MODELS)


def test_names_and_normalisations_that_cannot_be() -> None:
    with pytest.raises(InputError, match="unknown model 'resnet21'; did you mean 'resnet"):
        build_model("resnet21", (3, 32, 32), (), 10)
    with pytest.raises(InputError, match="normalize is 'half', and a mlp takes pixels as they are"):
        build_model("mlp", 64, (4,), 10, normalize="half")
    with pytest.raises(InputError, match="a resnet needs images"):
        build_model("resnet8", 64, (), 10)
