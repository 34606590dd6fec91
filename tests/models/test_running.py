"""Networks are watched while they run, and left as they were."""

import pytest
import torch
from torch import Tensor, nn

from leastloss.models.running import hooked


def hooks(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in model.modules())


def test_what_is_returned_is_the_output_and_hooks_are_gone_afterwards() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())

    def look(name: str, module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor | None:
        assert module is net[int(name)]
        return inputs[0] + 1 if name == "0" else None

    with hooked({"0": net[0], "1": net[1]}, look):
        assert hooks(net) == 2
        assert net(torch.tensor([[-3.0, 4.0]])).tolist() == [[0.0, 5.0]]
    assert hooks(net) == 0


def test_hooks_are_gone_after_an_error() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    with pytest.raises(RuntimeError, match="shapes"), hooked({"0": net[0]}, lambda *_: None):
        net(torch.zeros(1, 3))
    assert hooks(net) == 0
