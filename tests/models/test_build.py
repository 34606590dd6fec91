"""Networks by name."""

import pytest
import torch

from leastloss.errors import InputError
from leastloss.models import MLP, ConvNet, build_model


def test_it_is_built_by_name_from_the_shape_of_a_sample() -> None:
    model = build_model("convnet", (1, 8, 8), (4, 6), 10)
    assert isinstance(model, ConvNet)
    with pytest.raises(InputError, match="needs images"):
        build_model("convnet", 64, (4, 6), 10)
    plain = build_model("mlp-no-bias", (1, 8, 8), (4, 6), 10)
    assert isinstance(plain, MLP)
    assert [name for name, _ in plain.named_parameters() if "bias" in name] == []
    assert plain(torch.rand(2, 1, 8, 8)).shape == (2, 10)
