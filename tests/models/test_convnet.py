"""Convolutional networks of floats and of signs: built, trained, pruned, saved, exported."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import leastloss as ll
from leastloss.data import Data
from leastloss.deploy import plain_copy
from leastloss.errors import InputError
from leastloss.models import BinarizedConvNet, BinaryConv2d, ConvNet, build_model, read_network


@pytest.mark.parametrize(
    ("shape", "hidden", "read"),
    [
        ((1, 28, 28), (8, 16, 16, 32, 32, 64), 32 * 3 * 3),
        ((1, 8, 8), (4, 4, 6, 5), 6 * 2 * 2),
        ((3, 32, 32), (4, 8, 16), 8 * 8 * 8),
        ((2, 5, 9), (3, 7), 3 * 2 * 4),
    ],
)
def test_pooling_halves_where_the_width_changes_and_at_the_end(
    shape: tuple[int, int, int], hidden: tuple[int, ...], read: int
) -> None:
    model = ConvNet(shape, hidden, 4).eval()
    linear = [layer for layer in model.layers if isinstance(layer, nn.Linear)]
    assert [layer.in_features for layer in linear] == [read, hidden[-1]]
    x = torch.rand(3, *shape)
    assert model(x).shape == (3, 4)
    assert torch.equal(model(x.flatten(1)), model(x))


@pytest.mark.parametrize(("pools", "read"), [((), 5 * 8 * 8), ((0,), 5 * 4 * 4), ((0, 1), 5 * 4)])
def test_pools_that_are_given_halve_where_they_say(pools: tuple[int, ...], read: int) -> None:
    model = ConvNet((1, 8, 8), (3, 5, 4), 3, pools=pools)
    assert model.layers[-3].in_features == read
    assert model(torch.rand(2, 64)).shape == (2, 3)
    assert model.sizes["pools"] == pools


@pytest.mark.parametrize("pools", [(2,), (-1,), (1, 0), (0, 0)])
def test_pools_behind_no_block_are_refused(pools: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="pools are numbers of blocks, increasing, from 0 to 1"):
        ConvNet((1, 8, 8), (3, 5, 4), 3, pools=pools)


def test_it_computes_what_vgg_does() -> None:
    model = ConvNet((2, 9, 8), (3, 3, 4, 5), 6, generator=torch.Generator().manual_seed(0))
    x = torch.rand(7, 2, 9, 8)
    model(x)  # BatchNorm statistics other than those of the start
    model.eval()
    state = {name.removeprefix("layers."): value for name, value in model.state_dict().items()}

    def block(x: Tensor, conv: int) -> Tensor:
        z = functional.conv2d(x, state[f"{conv}.weight"], padding=1)
        norm = [state[f"{conv + 1}.{n}"] for n in ("running_mean", "running_var", "weight", "bias")]
        return functional.batch_norm(z, *norm).relu()

    h = functional.max_pool2d(block(block(x, 0), 3), 2)
    h = functional.max_pool2d(block(h, 7), 2).flatten(1)
    h = functional.linear(h, state["12.weight"], state["12.bias"]).relu()
    wanted = functional.linear(h, state["14.weight"], state["14.bias"])
    assert torch.allclose(model(x), wanted, atol=1e-5)


def test_same_generator_same_network() -> None:
    one, two = (
        ConvNet((1, 8, 8), (4, 6, 8), 3, generator=torch.Generator().manual_seed(5)).state_dict()
        for _ in range(2)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize(
    ("shape", "hidden", "classes", "message"),
    [
        ((64,), (4, 8), 10, "needs images"),
        ((1, 8, 0), (4, 8), 10, "needs images"),
        ((1, 8, 8), (4,), 10, "needs two widths or more"),
        ((1, 8, 8), (4, 0), 10, "needs two widths or more"),
        ((1, 8, 8), (4, 8), 1, "two classes or more"),
        ((1, 8, 7), (4, 5, 6, 8), 10, "3 poolings leave nothing"),
    ],
)
def test_impossible_sizes_are_refused(
    shape: tuple[int, ...], hidden: tuple[int, ...], classes: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ConvNet(shape, hidden, classes)


def test_it_learns_and_is_pruned_in_both_ways(data: Data) -> None:
    generator = torch.Generator().manual_seed(0)
    model = ConvNet(data.shape, (6, 8, 16), data.classes, generator=generator)
    ll.fit(model, data, epochs=30, lr=1e-2, progress=False)
    dense = ll.evaluate(model, data.test)["balanced_accuracy"]
    assert dense > 0.7
    for granularity in ("weight", "unit"):
        path = ll.prune(
            model,
            data,
            "nc",
            granularity=granularity,
            sparsities=[0.2],
            recovery="compensate",
            progress=False,
        )
        table = path.table()
        assert table["balanced_accuracy"].iloc[-1] > dense - 0.05
        assert table["dead_units"].iloc[-1] >= (6 if granularity == "unit" else 0)


@pytest.fixture(scope="module")
def digits() -> Data:
    return ll.load_data("digits", seed=0)


@pytest.fixture(scope="module")
def trained(digits: Data) -> BinarizedConvNet:
    generator = torch.Generator().manual_seed(0)
    model = BinarizedConvNet((1, 8, 8), (8, 16, 24), 10, generator=generator)
    ll.fit(model, digits, epochs=8, lr=0.01, seed=0)
    return model.eval()


def test_that_of_signs_is_built_by_name_and_equal_seeds_give_equal_weights() -> None:
    first, second = (
        build_model(
            "binarized-convnet", (1, 8, 8), (4, 6), 3, generator=torch.Generator().manual_seed(1)
        )
        for _ in range(2)
    )
    assert type(first) is BinarizedConvNet
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert isinstance(first.layers[0], BinaryConv2d)


def test_that_of_signs_learns_and_all_sums_are_whole_numbers(
    digits: Data, trained: BinarizedConvNet
) -> None:
    assert ll.evaluate(trained, digits.test)["accuracy"] > 0.6
    sums: list[torch.Tensor] = []
    trained.layers[4].register_forward_hook(lambda module, inputs, output: sums.append(output))
    with torch.no_grad():
        plain = plain_copy(trained)
        assert torch.equal(plain(digits.test.x), trained(digits.test.x))
    assert torch.equal(sums[0], sums[0].round())


@pytest.mark.parametrize("criterion", ["mils-bdm", "mils-entropy", "nc", "flips", "random"])
def test_the_weights_of_that_of_signs_are_pruned(
    criterion: str, digits: Data, trained: BinarizedConvNet
) -> None:
    path = ll.prune(trained, digits, criterion, sparsities=[0.3], progress=False)
    pruned = path.model_at(0.3)
    kept = sum(int(layer.mask.sum()) for layer in pruned.modules() if hasattr(layer, "mask"))
    total = sum(layer.mask.numel() for layer in pruned.modules() if hasattr(layer, "mask"))
    assert kept == total - round(0.3 * total)
    assert path.settings["recovery"] == "recalibrate"


def test_units_of_that_of_signs_go_and_files_come_back(
    digits: Data, trained: BinarizedConvNet, tmp_path: Path
) -> None:
    path = ll.prune(
        trained, digits, "magnitude", granularity="unit", sparsities=[0.4], progress=False
    )
    pruned = path.model_at(0.4)
    small = ll.compact(pruned)
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in pruned.parameters())
    ll.save_network(tmp_path / "net.safetensors", small, packed=True)
    again = read_network(tmp_path / "net.safetensors")[0].eval()
    assert type(again) is BinarizedConvNet
    with torch.no_grad():
        assert torch.equal(again(digits.test.x), small(digits.test.x))
