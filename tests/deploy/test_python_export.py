"""Taking a network home from Python."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

import leastloss as ll
from leastloss.deploy.export_files import FILES
from leastloss.errors import InputError


@pytest.fixture(scope="module")
def path() -> ll.PruningPath:
    data = ll.load_data("digits", imbalance="exp", ratio=5, seed=0)
    model = ll.MLP(data.features, (12,), data.classes)
    return ll.prune(model, data, "nc", granularity="unit", to_sparsity=0.5, steps=2, progress=False)


def test_a_path_is_taken_home_with_its_card(path: ll.PruningPath, tmp_path: Path) -> None:
    data = ll.load_data("digits", imbalance="exp", ratio=5, seed=0)
    home = ll.export(path, tmp_path / "home", data, license="MIT", about={"author": "A."})
    assert {file.name for file in home.iterdir()} == {n for names in FILES.values() for n in names}
    card = (home / "MODEL_CARD.md").read_text()
    assert "# nc, repaired by compensate" in card
    assert "- sparsity: 50 % removed" in card
    assert "- author: A." in card
    for form in ("dense", "zeros in place", "units taken out"):
        for program in ("PyTorch", "ONNX Runtime"):
            assert re.search(rf"\| {form} \| {program} \| [\d.,]+ \| [\d.,]+ \|", card), form
    x = data.test.x[:8]
    with torch.no_grad():
        expected = path.model_at(0.5)(x)
        taken = torch.export.load(home / "model.pt2").module()(x)
    assert torch.allclose(taken, expected, atol=1e-5)


def test_data_are_what_prune_takes(tmp_path: Path) -> None:
    pair = (torch.rand(40, 4), torch.arange(40) % 2)
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    pruned = ll.prune(net, pair, "magnitude", to_sparsity=0.5, steps=1, progress=False)
    home = ll.export(pruned, tmp_path, pair, formats=["card"])
    assert "| 1 | 12 | 4 |" in (home / "MODEL_CARD.md").read_text()


def test_a_network_with_samples_alone(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    with torch.no_grad():
        net[0].weight[:, 0] = 0.0
    ll.export(net, tmp_path, torch.rand(5, 4), formats=["pt2", "card"])
    card = (tmp_path / "MODEL_CARD.md").read_text()
    assert "16.67 % removed" in card
    assert "Which classes paid" not in card
    binary = ll.BinarizedMLP(4, (70, 3), 2).eval()
    ll.export(binary, tmp_path, torch.rand(5, 4), formats=["card"], overwrite=True)
    assert "| on bits | PyTorch |" in (tmp_path / "MODEL_CARD.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sparsity": 0.3}, "sparsity chooses a network of a path"),
        ({"formats": ["pickle"]}, "format 'pickle'"),
        ({"formats": []}, "formats is empty"),
        ({"compact": "maybe"}, "compact 'maybe'"),
    ],
)
def test_wrong_arguments_write_nothing(
    arguments: dict[str, object], said: str, tmp_path: Path
) -> None:
    net = nn.Linear(4, 2)
    with pytest.raises(InputError, match=said):
        ll.export(net, tmp_path, torch.rand(5, 4), **{"formats": ["pt2"], **arguments})
    assert list(tmp_path.iterdir()) == []


def test_a_path_has_its_dense_network(path: ll.PruningPath, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave out dense"):
        ll.export(path, tmp_path, torch.rand(5, 64), dense=nn.Linear(64, 10))
