"""Long values are cut out of messages, and names that do not exist are told with those that do."""

from pathlib import Path

import pytest
import torch

import leastloss as ll
from leastloss.errors import InputError, ResourceError, choose, notice, shortened

MODELS = ("mlp", "binarized-mlp", "convnet")


@pytest.mark.parametrize(
    "value",
    ["x" * 20_000, "a b " * 5_000, "it's \" " * 3_000, "\x00" * 9_000, "\n" * 9_000, "9" * 20_000],
)
@pytest.mark.parametrize("error", [InputError, ResourceError])
def test_a_long_value_is_cut(error: type[Exception], value: str) -> None:
    said = str(error(f"steps is {value!r}; it must be at most 5"))
    assert said.startswith("steps is ")
    assert "…" in said
    assert said.endswith("; it must be at most 5")
    assert len(said) < 130


def test_a_long_list_of_numbers_is_cut() -> None:
    said = shortened(f"sparsities are {', '.join(['0.5'] * 9_000)}; they must increase")
    assert said.endswith("; they must increase")
    assert len(said) < 130


def test_lists_of_names_prose_and_paths_stay_whole() -> None:
    names = ", ".join(f"criterion-{i}" for i in range(60))
    for whole in (
        f"unknown criterion 'mils'; did you mean 'mils-bdm'? There are: {names}",
        f"the network's 'a' {'word ' * 60}is not the page's 'b'",
        f"cannot write {'/folder' * 20}",
        "seeds are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
    ):
        assert shortened(whole) == whole


def test_it_points_at_the_line_of_the_caller() -> None:
    with pytest.warns(UserWarning, match="known") as told:
        notice("known")
    assert Path(told[0].filename) == Path(__file__)


def test_from_within_the_package_too() -> None:
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
    with torch.no_grad():
        net[1].weight[0] = 0
    x, y = torch.linspace(0, 1, 120).reshape(30, 4), torch.arange(30) % 3
    with pytest.warns(UserWarning, match="zero already") as told:
        ll.fit(net, (x, y), epochs=1, progress=False)
    assert {Path(each.filename).name for each in told} == {Path(__file__).name}


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
