from pathlib import Path

import numpy as np
import pytest
import torch

import leastloss as ll
from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.evaluation import network_collapse
from leastloss.models import ResNet, build_model, load_network, prunable_layers, save_network
from leastloss.models.resnet import PaddedShortcut
from leastloss.pruning import Parts

SHAPE = (3, 32, 32)


@pytest.mark.parametrize(
    ("name", "layers", "parameters"),
    [("resnet20", 20, 269_722), ("resnet32", 32, 464_154), ("resnet56", 56, 853_018)],
)
def test_depths_and_sizes_are_those_of_the_paper(name: str, layers: int, parameters: int) -> None:
    network = build_model(name, SHAPE, (), 10)
    assert len(prunable_layers(network)) == layers
    assert sum(values.numel() for values in network.parameters()) == parameters


def test_names_are_those_of_published_checkpoints() -> None:
    names = list(build_model("resnet20", SHAPE, (), 10).state_dict())
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    expected = ["conv1.weight", *(f"bn1.{entry}" for entry in norm)]
    for stage in (1, 2, 3):
        for block in range(3):
            for half in (1, 2):
                start = f"layer{stage}.{block}"
                expected += [f"{start}.conv{half}.weight"]
                expected += [f"{start}.bn{half}.{entry}" for entry in norm]
    assert names == [*expected, "linear.weight", "linear.bias"]


def test_option_a_has_no_weights() -> None:
    x = torch.rand(2, 4, 5, 5)
    out = PaddedShortcut(4)(x)
    assert torch.equal(out[:, 2:6], x[:, :, ::2, ::2])
    assert not out[:, :2].any()
    assert not out[:, 6:].any()


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 7), (2, 1, 1)])
def test_any_size_of_image_runs(shape: tuple[int, ...]) -> None:
    for name in ("resnet8", "resnet20", "resnet20-b"):
        network = build_model(name, shape, (), 4)
        assert network(torch.rand(3, *shape)).shape == (3, 4)


def test_the_same_seed_is_the_same_network_and_it_is_saved_and_pruned(tmp_path: Path) -> None:
    one, two = (
        ResNet((1, 8, 8), 1, 3, shortcut="conv", generator=torch.Generator().manual_seed(1))
        for _ in range(2)
    )
    x, y = torch.rand(30, 1, 8, 8), torch.arange(30) % 3
    assert torch.equal(one(x), two(x))
    path = ll.prune(one.eval(), (x, y), "magnitude", sparsities=[0.5], progress=False)
    assert path.steps[-1].removed > 0
    save_network(tmp_path / "net.safetensors", path.model_at(0.5))
    again = load_network(tmp_path / "net.safetensors")
    assert torch.equal(again(x), path.model_at(0.5)(x))
    metrics = network_collapse(one, Split(x, y, 3, (2,)))
    assert {"nc1", "simplex_distance"} <= set(metrics)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shape": (8, 8)}, "a resnet needs images"),
        ({"shape": (1, 8, 8), "blocks": 0}, "1 to 1000 blocks"),
        ({"shape": (1, 8, 8), "shortcut": "padd"}, "unknown shortcut 'padd'; did you mean 'pad'"),
        ({"shape": (1, 8, 8), "normalize": "imagenet"}, "the images have 1"),
    ],
)
def test_networks_that_cannot_be(options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        ResNet(**options)  # type: ignore[arg-type]  # what a caller may give


@pytest.mark.parametrize("shortcut", ["pad", "conv", "conv-bn"])
def test_a_compacted_one_is_built_again_from_its_file(shortcut: str, tmp_path: Path) -> None:
    network = ResNet((3, 8, 8), 2, shortcut=shortcut).eval()
    assert set(network.sizes) == {"shape", "blocks", "classes", "shortcut", "normalize"}
    x = torch.rand(2, 3, 8, 8)
    parts = Parts.of(network, "unit", None, x)
    small = ll.compact(network, parts.masks(np.array([1, 2, 17, 18, 40])))
    save_network(tmp_path / "small.safetensors", small)
    again = load_network(tmp_path / "small.safetensors")
    with torch.inference_mode():
        assert torch.equal(again(x), small(x))
    assert len(Parts.of(again, "unit", None, x)) == len(parts) - 5
    with pytest.raises(InputError, match="three widths and 6 inner ones"):
        ResNet((3, 8, 8), 2, inner=(16,))
