"""All files of an export, or none."""

from pathlib import Path

import pytest
import torch
from torch import nn

from leastloss.deploy import ExportedNetwork, export_files, export_network
from leastloss.errors import InputError


def network() -> ExportedNetwork:
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    with torch.no_grad():
        net[0].weight[0] = 0.0
        net[0].bias[0] = -1.0
    return ExportedNetwork(model=net, dense=net, x=torch.rand(6, 4))


def test_the_chosen_network_is_what_onnx_is_compared_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compacting is part of what may go wrong."""

    def broken(model: nn.Module, *, sample: torch.Tensor) -> nn.Module:
        return nn.Linear(sample.shape[1], 2)

    monkeypatch.setattr(export_files, "compact", broken)
    with pytest.raises(InputError, match="agrees with the network on"):
        export_network(network(), tmp_path, formats=["onnx", "card"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("wish", "width"), [("auto", 2), ("yes", 2), ("no", 3)])
def test_units_that_do_nothing_go_where_wished(wish: str, width: int, tmp_path: Path) -> None:
    lines: list[str] = []
    export_network(network(), tmp_path, formats=["pt2"], compacted=wish, say=lines.append)
    state = torch.export.load(tmp_path / "model.pt2").state_dict
    assert min(value.shape[0] for name, value in state.items() if "bias" in name) == 2
    assert max(value.shape[0] for value in state.values()) == width
    assert lines == [f"written: {tmp_path / 'model.pt2'} ({_size(tmp_path):,} bytes)"]


def _size(folder: Path) -> int:
    return (folder / "model.pt2").stat().st_size
