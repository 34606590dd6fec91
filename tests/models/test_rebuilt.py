"""A file whose header was tampered with is one clear line, and takes no memory."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from leastloss.errors import ResourceError
from leastloss.models import MLP, ConvNet
from leastloss.models.files import read_network, save_network
from leastloss.pruning import full_masks


def tampered(path: Path, facts: Any = None, names: dict[str, str] | None = None) -> Path:
    """A saved network with other facts or other names of tensors."""
    model = ConvNet((1, 4, 4), (3, 4), 3) if path.stem == "convnet" else MLP(6, (5,), 3)
    save_network(path, model, full_masks(model))
    with safe_open(path, framework="pt") as file:
        told = json.loads(file.metadata()["leastloss"])
        tensors = {(names or {}).get(n, n): file.get_tensor(n) for n in list(file.keys())}
    told = facts(told) if callable(facts) else told
    save_file(tensors, path, metadata={"leastloss": json.dumps(told)})
    return path


VALUES = (None, True, -1, 0, 2, 2.5, 1e300, float("nan"), 2**70, "6", "x", [], [2], [None], {})
HUGE = (2**40, [2**40], [2**40, 2**40], [1, 2**40, 2**40])


@pytest.mark.parametrize("kind", ["mlp", "convnet"])
def test_sizes_that_are_others(kind: str, tmp_path: Path) -> None:
    sizes = {"mlp": ("features", "hidden", "classes", "bias", "model")}
    sizes["convnet"] = ("shape", "hidden", "classes", "pools", "model")
    said = []
    for key in (*sizes[kind], "generator", "dropout"):
        for value in (*VALUES, *HUGE):

            def other(told: Any, key: str = key, value: Any = value) -> Any:
                return told | {"network": told["network"] | {key: value}}

            path = tampered(tmp_path / f"{kind}.safetensors", other)
            try:
                read_network(path)  # an option that changes nothing may be anything
            except ResourceError as error:
                said.append(str(error))
    assert len(said) > 5 * len(VALUES)
    assert all("is not a saved network, or damaged" in line for line in said)
    assert not any("\n" in line for line in said)


@pytest.mark.parametrize("facts", [*VALUES, {"network": 3}, {"network": {"model": []}}])
def test_facts_that_are_others(facts: Any, tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="is not a saved network, or damaged"):
        read_network(tampered(tmp_path / "net.safetensors", lambda _: facts))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"mask/layers.0": "mask/layers.1"}, "a mask of 'layers.1', which is none of its layers"),
        ({"mask/layers.0": "mask/layers.2", "mask/layers.2": "mask/layers.0"}, "its mask of"),
        ({"mask/layers.0": "musk/layers.0"}, "'musk/layers.0', which is neither a state nor"),
        ({"state/layers.0.bias": "state/layers.0.bios"}, "layers.0.bias has the shape none"),
    ],
)
def test_tensors_of_other_names(names: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=said):
        read_network(tampered(tmp_path / "net.safetensors", None, names))


def test_a_file_that_nobody_touched_is_read(tmp_path: Path) -> None:
    network, masks, _ = read_network(tampered(tmp_path / "net.safetensors"))
    assert list(masks) == ["layers.0", "layers.2"]
    assert not network.training
    assert network(torch.zeros(2, 6)).shape == (2, 3)
