"""Packed networks: smaller files, the same masks and outputs, and nothing hostile gets in."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from leastloss.errors import InputError, ResourceError
from leastloss.models import MLP, BinarizedMLP, ConvNet, zeros_of
from leastloss.models.files import load_network, network_bytes, read_network, save_network
from leastloss.models.packed import pack, unpack
from leastloss.pruning import apply_masks, full_masks


def pruned(model: nn.Module, sparsity: float, seed: int = 0) -> nn.Module:
    random = torch.Generator().manual_seed(seed)
    masks = {
        name: torch.rand(mask.shape, generator=random) >= sparsity
        for name, mask in full_masks(model).items()
    }
    apply_masks(model, masks)
    return model.eval()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 1200), st.floats(0, 1), st.integers(0, 9))
def test_any_mask_comes_back(size: int, sparsity: float, seed: int) -> None:
    layer = pruned(nn.Linear(size, 1), sparsity, seed)
    tensors, rest = pack(layer, zeros_of(layer))
    state, masks = unpack(tensors, nn.Linear(size, 1, device="meta"))
    assert {"weight", "bias"} == {*state, *rest}
    assert all(torch.equal((state | rest)[k], v) for k, v in layer.state_dict().items())
    assert {n: m.tolist() for n, m in masks.items()} == {
        n: m.tolist() for n, m in zeros_of(layer).items()
    }


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.97, 1.0])
@pytest.mark.parametrize(
    "model",
    [MLP(6, (500,), 3), BinarizedMLP(6, (500, 4), 3), ConvNet((1, 2, 3), (40, 50), 3)],
    ids=["mlp", "bin", "convnet"],
)
def test_outputs_masks_and_facts_come_back(
    model: nn.Module, sparsity: float, tmp_path: Path
) -> None:
    net, file = pruned(model, sparsity), tmp_path / "net.safetensors"
    save_network(file, net, about={"seed": 3}, packed=True)
    loaded, masks, about = read_network(file)
    x = torch.rand(8, 6)
    assert torch.equal(loaded(x), net(x))
    assert about["seed"] == 3
    for found in (masks, zeros_of(loaded)):
        assert {n: m.tolist() for n, m in found.items()} == {
            n: m.tolist() for n, m in zeros_of(net).items()
        }
    if not isinstance(model, BinarizedMLP):  # its latent weights come back as signs
        assert all(torch.equal(loaded.state_dict()[k], v) for k, v in net.state_dict().items())


def test_kept_zeros_stay_kept(tmp_path: Path) -> None:
    net, file = nn.Sequential(nn.Linear(40, 5)), tmp_path / "net.safetensors"
    masks = full_masks(net)
    masks["0"][:, :30] = False
    with torch.no_grad():
        net[0].weight[0, 35] = 0
    apply_masks(net, masks)
    save_network(file, net, packed=True)
    found = load_network(file, into=nn.Sequential(nn.Linear(40, 5)))
    assert torch.equal(zeros_of(found)["0"], masks["0"])


def test_removed_weights_that_are_not_zero_are_written_whole(tmp_path: Path) -> None:
    net, file = nn.Sequential(nn.Linear(40, 5)), tmp_path / "net.safetensors"
    masks = {"0": torch.rand(5, 40) > 0.9}
    save_network(file, net, masks, packed=True)
    found = load_network(file, into=nn.Sequential(nn.Linear(40, 5)))
    assert torch.equal(found[0].weight, net[0].weight)
    assert torch.equal(zeros_of(found)["0"], masks["0"])


def size(model: nn.Module, *, packed: bool) -> int:
    return len(network_bytes(model, packed=packed))


def test_a_packed_file_has_the_size_of_what_is_kept() -> None:
    float_net = pruned(MLP(200, (500,), 3), 0.9)
    assert size(float_net, packed=True) < 101_500 * (0.1 * 4.2 + 1 / 8) + 4_000
    sparse = pruned(MLP(200, (500,), 3), 0.99)
    assert size(sparse, packed=True) < 101_500 * 0.01 * 5.6 + 4_000  # distances, not bits
    binary = pruned(BinarizedMLP(200, (500,), 3), 0.5)
    assert size(binary, packed=True) < 101_500 * (0.5 + 1) / 8 + 10_000
    assert size(pruned(BinarizedMLP(200, (500,), 3), 0), packed=True) < 101_500 / 8 + 10_000
    assert size(binary, packed=False) > 101_500 * 12


def test_a_file_that_cannot_be_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "net.safetensors"
    save_network(file, MLP(6, (5,), 3))
    before = file.read_bytes()

    def full(path: Path, content: bytes) -> int:
        path.open("wb").write(content[:9])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ResourceError, match=r"cannot write net\.safetensors: .*No space left"):
        save_network(file, MLP(6, (5,), 3), packed=True)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def tampered(file: Path, change: dict[str, Tensor | None]) -> None:
    with safe_open(file, framework="pt") as opened:
        metadata = opened.metadata()
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    kept = {name: value for name, value in (tensors | change).items() if value is not None}
    save_file(kept, file, metadata=metadata)


@pytest.mark.parametrize(
    "change",
    [
        {"kept/layers.0": torch.zeros(3)},
        {"kept/layers.0": torch.zeros(200, dtype=torch.int64)},
        {"kept/layers.0": torch.full((200,), torch.nan)},
        {"kept/layers.9": torch.zeros(3)},
        {"kept/layers.1": torch.zeros(3)},
        {"kept/layers.0": None},
        {"bits/layers.0": torch.zeros(1, dtype=torch.uint8)},
        {"bits/layers.0": torch.full((125,), 255, dtype=torch.uint8)},
        {"bits/layers.0": torch.zeros(125)},
        {"bits/layers.0": None},
        {"bits/layers.0": None, "gaps/layers.0": torch.zeros(200, dtype=torch.uint8)},
        {"bits/layers.0": None, "gaps/layers.0": torch.full((9,), 255, dtype=torch.uint8)},
        {"bits/layers.0": None, "gaps/layers.0": torch.zeros(0, dtype=torch.uint8)},
        {"state/layers.0.weight": torch.zeros(1)},
    ],
)
def test_a_lying_file_is_one_clear_line(change: dict[str, Tensor | None], tmp_path: Path) -> None:
    net, file = MLP(50, (20,), 3), tmp_path / "net.safetensors"
    masks = full_masks(net)
    masks["layers.0"].view(-1)[200:] = False
    apply_masks(net, masks)
    save_network(file, net, packed=True)
    assert load_network(file, into=MLP(50, (20,), 3)) is not None
    tampered(file, change)
    with pytest.raises(ResourceError, match=r"^net\.safetensors") as said:
        read_network(file)
    assert "\n" not in str(said.value)
    with pytest.raises((InputError, ResourceError), match=r"^net\.safetensors"):
        load_network(file, into=MLP(50, (20,), 3))


def test_sizes_that_ask_for_all_memory_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    facts = {"network": {"model": "mlp", "features": 10**6, "hidden": [10**6], "classes": 2}}
    pieces = {"kept/layers.0": torch.zeros(0), "gaps/layers.0": torch.zeros(0, dtype=torch.uint8)}
    save_file(pieces, file, metadata={"leastloss": json.dumps(facts)})
    with pytest.raises(ResourceError, match="do not add up to its 1000000000000 weights"):
        read_network(file)


def test_every_cut_is_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    save_network(file, pruned(BinarizedMLP(6, (5,), 3), 0.5), packed=True)
    whole = file.read_bytes()
    for length in range(0, len(whole), 97):
        file.write_bytes(whole[:length])
        with pytest.raises(ResourceError, match="not a saved network, or damaged"):
            read_network(file)
