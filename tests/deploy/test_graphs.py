"""Graphs run without leastloss, and give the same logits."""

import builtins
import io
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from leastloss.deploy import agreement, onnx_bytes, program_of, pt2_bytes, session_of
from leastloss.deploy.onnx_runs import answers
from leastloss.errors import InputError, ResourceError
from leastloss.models import MLP, BinarizedMLP, ConvNet, binarize
from leastloss.pruning import apply_masks, full_masks


def pruned(model: nn.Module) -> nn.Module:
    random = torch.Generator().manual_seed(0)
    masks = full_masks(model)
    masks = {n: torch.rand(m.shape, generator=random) > 0.5 for n, m in masks.items()}
    apply_masks(model, masks)
    return model.eval()


class Own(nn.Module):
    """A network of the user's own, with a residual connection and signs of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(12, 12), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.two(x.flatten(1) + binarize(self.one(x.flatten(1))))
        return logits


@pytest.mark.parametrize(
    "model",
    [MLP(12, (5,), 3), BinarizedMLP(12, (40, 40), 3), ConvNet((1, 3, 4), (4, 5), 3), Own()],
    ids=["mlp", "bin", "convnet", "own"],
)
def test_pt2_and_onnx_agree_with_the_network(model: nn.Module) -> None:
    net, x = pruned(model), torch.rand(40, 1, 3, 4, generator=torch.Generator().manual_seed(1))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    program = program_of(net, x[:2])
    loaded = torch.export.load(io.BytesIO(pt2_bytes(program))).module()
    content = onnx_bytes(program)
    for file in (content, pt2_bytes(program)):
        assert b"site-packages" not in file
        assert b"leastloss/" not in file
    with torch.no_grad():
        for n in (1, 2, 40):
            assert torch.allclose(loaded(x[:n]), net(x[:n]), rtol=0, atol=1e-6)
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    session = session_of(content)
    assert agreement(session, net, x) > 0.94
    assert answers(session, x[:1]).shape == (1, 3)
    assert all(torch.equal(net.state_dict()[name], value) for name, value in before.items())


def test_ternary_weights_take_a_byte_each_in_onnx() -> None:
    net, x = pruned(BinarizedMLP(12, (100, 100), 3)), torch.rand(20, 12)
    content = onnx_bytes(program_of(net, x))
    weights = [numpy_helper.to_array(t) for t in onnx.load_from_string(content).graph.initializer]
    narrow = [weight for weight in weights if weight.dtype == np.int8]
    assert sorted(value.size for value in narrow) == [1_200, 10_000]
    assert len(content) < 11_500 + 5_000
    assert agreement(session_of(content), net, x) > 0.94


def test_another_networks_file_is_found_out() -> None:
    x = torch.rand(20, 12)
    session = session_of(onnx_bytes(program_of(MLP(12, (5,), 3), x)))
    with pytest.raises(InputError, match="agrees with the network on"):
        agreement(session, MLP(12, (5,), 3), x)


def test_what_cannot_be_traced_is_one_clear_line(capfd: pytest.CaptureFixture[str]) -> None:
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.layer(x)
            return logits if float(x.sum()) > 0 else -logits

    class Fixed(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.reshape(2, 4))

    branches = r"^Branches cannot be exported as a graph: its code branches on values .*\(test_"
    for network, words in ((Branches(), branches), (Fixed(4, 2), "one number of samples alone$")):
        with pytest.raises(InputError, match=words) as said:
            program_of(network, torch.rand(2, 4))
        assert "\n" not in str(said.value)
    assert capfd.readouterr() == ("", "")
    with pytest.raises(InputError, match="at least 2"):
        program_of(nn.Linear(4, 2), torch.rand(1, 4))


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    program, real = program_of(nn.Linear(4, 2), torch.rand(2, 4)), builtins.__import__

    def lacking(name: str, *rest: Any) -> Any:
        if name.startswith("onnx"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(ResourceError, match=r"pip install 'leastloss\[onnx\]'"):
        onnx_bytes(program)
