from pathlib import Path

import pytest
import torch
from torch import nn

from leastloss.errors import ResourceError
from leastloss.models import MLP, BinarizedMLP
from leastloss.models.files import load_network, save_network
from leastloss.pruning import apply_masks, full_masks


@pytest.mark.parametrize("model", [MLP(6, (5,), 3), BinarizedMLP(6, (5, 4), 3)], ids=["mlp", "bin"])
def test_round_trip_keeps_outputs_masks_and_facts(model: nn.Module, tmp_path: Path) -> None:
    masks = full_masks(model)
    next(iter(masks.values()))[0, :3] = False
    apply_masks(model, masks)
    save_network(tmp_path / "net.safetensors", model, masks, {"seed": 3})
    loaded, found, about = load_network(tmp_path / "net.safetensors")
    x = torch.rand(8, 6)
    assert torch.equal(loaded(x), model.eval()(x))
    assert all(torch.equal(found[name], mask) for name, mask in masks.items())
    assert about["seed"] == 3


def test_a_truncated_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_network(path, MLP(6, (5,), 3), {})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ResourceError, match=r"net\.safetensors is not a saved network, or damaged"):
        load_network(path)


def test_a_missing_file_and_a_foreign_network(tmp_path: Path) -> None:
    with pytest.raises(ResourceError):
        load_network(tmp_path / "none.safetensors")
    save_network(tmp_path / "own.safetensors", nn.Linear(3, 2), {})
    with pytest.raises(ResourceError, match="not a saved network"):
        load_network(tmp_path / "own.safetensors")
