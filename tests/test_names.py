"""A name is looked up, or the line says what exists and what was probably meant."""

import pytest

from leastloss.errors import InputError
from leastloss.names import choose

MODELS = ("mlp", "binarized-mlp", "convnet")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("MLP", "unknown model 'MLP'; did you mean 'mlp'? There are: mlp, binarized-mlp, convnet"),
        ("tree", "unknown model 'tree'; there are: mlp, binarized-mlp, convnet"),
        (3, "unknown model 3; there are: mlp, binarized-mlp, convnet"),
    ],
)
def test_an_unknown_name_says_what_exists(name: object, line: str) -> None:
    with pytest.raises(InputError) as caught:
        choose("model", name, MODELS)
    assert str(caught.value) == line


def test_very_many_names_are_told_in_fewer_words() -> None:
    many = [f"layer{i}" for i in range(1000)]
    assert choose("layer", "layer7", many) == "layer7"
    with pytest.raises(InputError, match=r"did you mean 'layer9'.* There are: layer0 to layer999$"):
        choose("layer", "layr9", many, ["layer0 to layer999"])
