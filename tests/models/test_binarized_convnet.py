"""A convolutional network of signs: built, trained, pruned, made smaller, saved, exported."""

from pathlib import Path

import pytest
import torch

import leastloss as ll
from leastloss.deploy import plain_copy
from leastloss.models import BinarizedConvNet, BinaryConv2d, build_model, read_network


@pytest.fixture(scope="module")
def data() -> ll.Data:
    return ll.load_data("digits", seed=0)


@pytest.fixture(scope="module")
def trained(data: ll.Data) -> BinarizedConvNet:
    generator = torch.Generator().manual_seed(0)
    model = BinarizedConvNet((1, 8, 8), (8, 16, 24), 10, generator=generator)
    ll.fit(model, data, epochs=8, lr=0.01, seed=0)
    return model.eval()


def test_it_is_built_by_name_and_equal_seeds_give_equal_weights() -> None:
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


def test_it_learns_and_all_sums_are_whole_numbers(data: ll.Data, trained: BinarizedConvNet) -> None:
    assert ll.evaluate(trained, data.test)["accuracy"] > 0.6
    sums: list[torch.Tensor] = []
    trained.layers[4].register_forward_hook(lambda module, inputs, output: sums.append(output))
    with torch.no_grad():
        plain = plain_copy(trained)
        assert torch.equal(plain(data.test.x), trained(data.test.x))
    assert torch.equal(sums[0], sums[0].round())


@pytest.mark.parametrize("criterion", ["mils-bdm", "mils-entropy", "nc", "flips", "random"])
def test_its_weights_are_pruned(criterion: str, data: ll.Data, trained: BinarizedConvNet) -> None:
    path = ll.prune(trained, data, criterion, sparsities=[0.3], progress=False)
    pruned = path.model_at(0.3)
    kept = sum(int(layer.mask.sum()) for layer in pruned.modules() if hasattr(layer, "mask"))
    total = sum(layer.mask.numel() for layer in pruned.modules() if hasattr(layer, "mask"))
    assert kept == total - round(0.3 * total)
    assert path.settings["recovery"] == "recalibrate"


def test_units_go_and_files_come_back(
    data: ll.Data, trained: BinarizedConvNet, tmp_path: Path
) -> None:
    path = ll.prune(
        trained, data, "magnitude", granularity="unit", sparsities=[0.4], progress=False
    )
    pruned = path.model_at(0.4)
    small = ll.compact(pruned)
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in pruned.parameters())
    ll.save_network(tmp_path / "net.safetensors", small, packed=True)
    again = read_network(tmp_path / "net.safetensors")[0].eval()
    assert type(again) is BinarizedConvNet
    with torch.no_grad():
        assert torch.equal(again(data.test.x), small(data.test.x))
