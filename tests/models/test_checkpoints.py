import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from leastloss.errors import InputError, ResourceError
from leastloss.models import ResNet, build_model, load_checkpoint, load_network, save_network
from leastloss.models.zeros import zeros_of

SHAPE = (3, 8, 8)


def trained(shortcut: str = "pad") -> ResNet:
    network = ResNet(SHAPE, 1, 3, shortcut=shortcut)
    network(torch.rand(8, *SHAPE))  # statistics of its own
    return network.eval()


def strange(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Under the names of others: DataParallel's prefix, torchvision's head and shortcut."""
    renamed = {n.replace("linear.", "fc.").replace("shortcut.", "downsample."): v
               for n, v in state.items()}  # fmt: skip
    return {f"module.{name}": value for name, value in renamed.items()}


@pytest.mark.parametrize("key", ["", "state_dict", "model_state_dict", "model", "net"])
def test_a_strangers_checkpoint_loads(tmp_path: Path, key: str) -> None:
    one, x = trained("conv-bn"), torch.rand(5, *SHAPE)
    state = strange(one.state_dict())
    torch.save({key: state, "epoch": 3, "best": 0.9} if key else state, tmp_path / "net.th")
    two = load_checkpoint(tmp_path / "net.th", ResNet(SHAPE, 1, 3, shortcut="conv-bn"))
    assert not two.training
    assert torch.equal(one(x), two(x))


def test_safetensors_load_ours_with_its_masks(tmp_path: Path) -> None:
    one, x = trained(), torch.rand(5, *SHAPE)
    save_file({n: v.contiguous() for n, v in one.state_dict().items()}, tmp_path / "a.safetensors")
    assert torch.equal(load_checkpoint(tmp_path / "a.safetensors", trained())(x), one(x))
    mask = torch.rand(3, 64) < 0.5
    with torch.no_grad():
        one.linear.weight.mul_(mask)
    save_network(tmp_path / "b.safetensors", one)
    two = load_checkpoint(tmp_path / "b.safetensors", trained())
    assert torch.equal(zeros_of(two)["linear"], mask)


def test_counts_of_batches_may_lack_and_torchvision_needs_no_prefix(tmp_path: Path) -> None:
    one, x = build_model("mobilenet", (3, 32, 32), (), 3).eval(), torch.rand(2, 3, 32, 32)
    state = {
        name.removeprefix("network."): value
        for name, value in one.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    torch.save(state, tmp_path / "net.pth")
    two = load_checkpoint(tmp_path / "net.pth", build_model("mobilenet", (3, 32, 32), (), 3))
    assert torch.equal(one(x), two(x))


class Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return pytest.fail, ("unpickled",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"state_dict": {"weight": Trap()}}, "holds more than tensors and plain values"),
        ([1, 2], "holds no state dict, but a list"),
        ({"epoch": 3}, "its 'epoch' is no tensor"),
        ({"weight": torch.tensor([[0.0, torch.nan]]), "bias": torch.ones(1)}, "NaN or infinite"),
    ],
)
def test_files_that_are_no_weights(tmp_path: Path, content: object, words: str) -> None:
    torch.save(content, tmp_path / "net.pth")
    with pytest.raises(ResourceError, match=words) as caught:
        load_checkpoint(tmp_path / "net.pth", nn.Linear(2, 1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
def test_a_missing_or_damaged_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ResourceError, match="there is no file"):
        load_checkpoint(tmp_path / name, nn.Linear(2, 1))
    for content in (b"", b"no weights at all", b"PK\x03\x04 cut"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ResourceError, match=f"{name} is damaged, or"):
            load_checkpoint(tmp_path / name, nn.Linear(2, 1))


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (nn.Linear(2, 1), "lacks 'weight'"),
        (ResNet(SHAPE, 2, 3), r"lacks 'layer1.1.conv1.weight'"),
        (ResNet(SHAPE, 1, 4), r"'linear.weight' has the shape \(3, 64\), not \(4, 64\)"),
    ],
)
def test_weights_of_another_network(tmp_path: Path, network: nn.Module, words: str) -> None:
    torch.save(trained().state_dict(), tmp_path / "net.pth")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(InputError, match=f"net.pth is of another network: it.* {words}"):
        load_checkpoint(tmp_path / "net.pth", network)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def safetensors(header: object, data: bytes = bytes(12), length: int | None = None) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


GOOD = {
    "weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},
    "bias": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]},
    "__metadata__": {"leastloss": "{}"},
}


@pytest.mark.parametrize(
    "content",
    [
        safetensors(GOOD, bytes(4)),
        safetensors(GOOD, length=10**18),
        safetensors(GOOD | {"bias": {"dtype": "F32", "shape": [10**15], "data_offsets": [8, 12]}}),
        safetensors(GOOD | {"bias": {"dtype": "F32", "shape": [-1], "data_offsets": [8, 12]}}),
        safetensors(GOOD | {"bias": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}),
        safetensors({}, b"")[:5],
    ],
)
def test_safetensors_that_lie(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "net.safetensors").write_bytes(content)
    for read in (load_checkpoint, load_network):
        with pytest.raises(ResourceError, match=r"net\.safetensors is .*damaged") as told:
            read(path, nn.Linear(2, 1))
        assert "\n" not in str(told.value)


def test_a_checkpoint_that_unpacks_to_too_much_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(nn.Linear(2, 1).state_dict(), tmp_path / "net.pth")
    monkeypatch.setattr("leastloss.data.own.arrays.machine_memory", lambda: 10)
    with pytest.raises(ResourceError, match="it was not opened"):
        load_checkpoint(tmp_path / "net.pth", nn.Linear(2, 1))
