import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils.prune import is_pruned, l1_unstructured

from leastloss.errors import InputError, ResourceError
from leastloss.models import MLP, BinarizedMLP, ConvNet
from leastloss.models.files import load_network, read_network, save_network
from leastloss.models.zeros import zeros_of
from leastloss.pruning import apply_masks, full_masks


@pytest.mark.parametrize(
    "model",
    [
        MLP(6, (5,), 3),
        MLP(6, (5,), 3, bias=False),
        BinarizedMLP(6, (5, 4), 3),
        ConvNet((1, 2, 3), (4, 5), 3),
    ],
    ids=["mlp", "mlp-no-bias", "bin", "convnet"],
)
def test_round_trip_keeps_outputs_masks_and_facts(model: nn.Module, tmp_path: Path) -> None:
    masks = full_masks(model)
    next(iter(masks.values()))[0, :3] = False
    apply_masks(model, masks)
    save_network(tmp_path / "net.safetensors", model, masks, {"seed": 3})
    loaded, found, about = read_network(tmp_path / "net.safetensors")
    x = torch.rand(8, 6)
    assert torch.equal(loaded(x), model.eval()(x))
    assert all(torch.equal(found[name], mask) for name, mask in masks.items())
    assert about["seed"] == 3
    assert type(loaded) is type(model)
    assert {name: p.shape for name, p in loaded.named_parameters()} == {
        name: p.shape for name, p in model.named_parameters()
    }


def test_a_file_from_before_biases_were_optional_has_them(tmp_path: Path) -> None:
    model = MLP(6, (5,), 3).eval()
    facts = {"network": {"model": "mlp", "features": 6, "hidden": [5], "classes": 3}}
    state = {f"state/{name}": value for name, value in model.state_dict().items()}
    save_file(state, tmp_path / "old.safetensors", metadata={"leastloss": json.dumps(facts)})
    x = torch.rand(4, 6)
    assert torch.equal(read_network(tmp_path / "old.safetensors")[0](x), model(x))


def test_a_file_from_before_pools_could_be_given_has_the_usual_ones(tmp_path: Path) -> None:
    model = ConvNet((1, 4, 4), (4, 4, 5), 3).eval()
    sizes = {"model": "convnet", "shape": [1, 4, 4], "hidden": [4, 4, 5], "classes": 3}
    state = {f"state/{name}": value.contiguous() for name, value in model.state_dict().items()}
    metadata = {"leastloss": json.dumps({"network": sizes})}
    save_file(state, tmp_path / "old.safetensors", metadata=metadata)
    loaded, x = read_network(tmp_path / "old.safetensors")[0], torch.rand(4, 16)
    assert torch.equal(loaded(x), model(x))


@pytest.mark.parametrize(
    ("index", "layer", "said"),
    [
        (0, nn.Linear(6, 4), "no such layers.0.weight"),
        (2, nn.Identity(), "no such layers.2.weight"),
    ],
)
def test_a_network_that_was_changed_by_hand_is_refused(
    index: int, layer: nn.Module, said: str, tmp_path: Path
) -> None:
    model = MLP(6, (5,), 3)
    model.layers[index] = layer
    with pytest.raises(InputError, match=said):
        save_network(tmp_path / "odd.safetensors", model, {})
    assert not list(tmp_path.iterdir())


def test_a_truncated_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_network(path, MLP(6, (5,), 3), {})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ResourceError, match=r"net\.safetensors is not a saved network, or damaged"):
        read_network(path)


def test_a_missing_file_and_a_foreign_network(tmp_path: Path) -> None:
    with pytest.raises(ResourceError):
        read_network(tmp_path / "none.safetensors")
    save_network(tmp_path / "own.safetensors", nn.Linear(3, 2), {})
    with pytest.raises(ResourceError, match="not a saved network"):
        read_network(tmp_path / "own.safetensors")


def own() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))


def test_any_network_is_filled_and_remembers_its_masks(tmp_path: Path) -> None:
    net, file = own(), tmp_path / "own.safetensors"
    masks = full_masks(net)
    masks["0"][0, :3] = False
    apply_masks(net, masks)
    save_network(file, net)
    into = own()
    apply_masks(into, {"3": torch.zeros(3, 5, dtype=torch.bool)})  # an older mask is forgotten
    found = load_network(str(file), into=into)
    assert found is into
    assert not found.training
    x = torch.rand(8, 6)
    assert torch.equal(found(x), net.eval()(x))
    assert {name: mask.tolist() for name, mask in zeros_of(found).items()} == {
        "0": masks["0"].tolist()
    }


def test_what_does_not_fit_is_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "own.safetensors"
    save_network(file, own())
    with pytest.raises(ResourceError, match=r"load_network\(path, into=model\) fills it"):
        load_network(file)
    with pytest.raises(InputError, match="of another network than `into`") as said:
        load_network(file, into=nn.Linear(6, 3))
    assert "\n" not in str(said.value)
    with pytest.raises(ResourceError, match=r"cannot write own\.safetensors"):
        save_network(tmp_path / "nowhere" / "own.safetensors", own())


def test_masks_of_torch_are_written_as_ours(tmp_path: Path) -> None:
    net, file = own(), tmp_path / "own.safetensors"
    l1_unstructured(net[0], "weight", 0.5)
    save_network(file, net)
    found = load_network(file, into=own())
    assert torch.equal(zeros_of(found)["0"], net[0].weight_mask.bool())
    assert is_pruned(net)
    assert load_network(file, into=net) is net
    assert not is_pruned(net)
    assert torch.equal(net[0].weight, found[0].weight)


def test_a_network_that_a_file_does_not_fit_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "own.safetensors"
    save_network(file, own())
    other = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 4))
    l1_unstructured(other[0], "weight", 0.5)
    before = {name: value.clone() for name, value in other.state_dict().items()}
    with pytest.raises(InputError, match="of another network than `into`"):
        load_network(file, into=other)
    assert is_pruned(other)
    assert other.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in other.state_dict().items())
