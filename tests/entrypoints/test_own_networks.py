"""A stranger's own networks through the entry points."""

import re
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from safetensors.torch import save_file
from tests.data.own.cases import write_folder
from tests.entrypoints.conftest import ROOT, Entry, children, logged, refused
from tests.models.own_nets import FEED_FORWARD, MASKED, NETS, TRANSFORMER
from torch import nn

from leastloss.experiment.stored_network import brought_network
from leastloss.named_functions import named_function

pytestmark = pytest.mark.usefixtures("worker")  # which gets networks that are none of ours


class Untied(nn.Module):
    """Gives a tuple, with the logits in front."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.network(tokens)["logits"], tokens


ONE = {"criteria": "magnitude", "steps": 1, "artifacts": "light", "to_sparsity": 0.5}
NOISE = {"corruptions": "gaussian", "severities": 1}


@pytest.fixture
def nets(tmp_path: Path, store: MlflowClient) -> str:
    (tmp_path / "own_nets.py").write_text(NETS)
    return "own_nets"


def test_her_own_network_on_her_own_images(
    store: MlflowClient, entry: Entry, nets: str, tmp_path: Path
) -> None:
    write_folder(tmp_path / "pets", {"bird": 30, "cat": 10})
    own = {"dataset": "pets", "model": "own_nets.py:Net", "epochs": 1, "hidden": ""}
    parent = entry.run("prune", **own, **ONE | {"artifacts": "full"})
    child = children(store, parent)["magnitude"]
    assert store.get_run(parent).data.tags["leastloss.model"] == "own_nets.py:Net"
    # The exporter's process knows nothing of her module.
    (model, *_) = logged(store, child).values()
    graph = mlflow.pytorch.load_model(f"models:/{model.model_id}")
    assert graph(torch.zeros(3, 3, 8, 8)).shape == (3, 2)
    line = refused(entry("robustness", run_id=parent, **NOISE), 2)
    assert line.startswith("the network of this run is made by the function 'own_nets.py:Net'")
    assert entry("robustness", run_id=parent, trust="yes", **NOISE).exit_code == 0
    home = {"run_id": child.info.run_id, "formats": "onnx,card", "out": "small"}
    assert "say trust=yes" in refused(entry("export", **home), 2)
    result = entry("export", trust="yes", **home)
    assert result.exit_code == 0, result.output
    assert "bird" in (tmp_path / "small" / "MODEL_CARD.md").read_text()


@pytest.mark.slow
def test_the_four_lines_of_the_page(store: MlflowClient, entry: Entry, tmp_path: Path) -> None:
    write_folder(tmp_path / "pets", {"bird": 30, "cat": 10})
    page = (ROOT / "docs" / "own_data.md").read_text(encoding="utf-8")
    lines = re.findall(r"^mlflow run \. -e (\w+)(.*?)(?:  #.*)?$", page, re.MULTILINE)[:4]
    assert [name for name, _ in lines] == ["prune", "export", "compare", "robustness"]
    quick: dict[str, dict[str, object]] = {
        "prune": {"dataset": "pets", "size": 32, "epochs": 1, "hidden": "", "steps": 1},
        "export": {"sparsity": 0.5},  # one epoch is not enough to choose it by recall
        "robustness": NOISE,
    }
    for name, words in lines:
        options = dict(re.findall(r"-P (\w+)=(\S+)", words)) | quick.get(name, {})
        result = entry(name, **options)
        assert result.exit_code == 0, result.output
    card = (tmp_path / "small" / "MODEL_CARD.md").read_text()
    assert "resnet18" in card
    assert "bird" in card
    assert (tmp_path / "small" / "model.onnx").stat().st_size < 0.6 * 4 * 11_177_538


def test_a_run_is_pruned_again_only_with_trust(
    store: MlflowClient, entry: Entry, nets: str, tmp_path: Path
) -> None:
    state = nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).state_dict()
    save_file(state, tmp_path / "mine.safetensors")
    own = {"model": f"{nets}:ten", "weights": "mine.safetensors", "hidden": ""}
    train = entry.run("train", **own)
    assert "epoch_val_loss" not in store.get_run(train).data.metrics
    assert "say trust=yes" in refused(entry("prune", run_id=train, **ONE), 2)
    assert entry("prune", run_id=train, trust="yes", **ONE).exit_code == 0


def test_a_transformer_reads_tokens(store: MlflowClient, entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(TRANSFORMER)
    tokens = np.random.default_rng(0).integers(0, 20, (60, 8))
    np.savez(tmp_path / "tokens.npz", x=tokens, y=(tokens[:, 0] > 9).astype(int))
    own = {"dataset": "tokens.npz", "model": "small.py:Small", "hidden": "", "epochs": 1}
    assert "layers=['network.block" in refused(entry("prune", **own, **ONE), 2)
    layers = ",".join(FEED_FORWARD)
    parent = entry.run("prune", **own, **ONE | {"artifacts": "full"}, layers=layers)
    (model, *_) = logged(store, children(store, parent)["magnitude"]).values()
    graph = mlflow.pytorch.load_model(f"models:/{model.model_id}")
    assert graph(torch.tensor(tokens[:3]).float()).shape == (3, 2)


def test_a_forward_function_is_named(store: MlflowClient, entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "masked.py").write_text(MASKED)
    tokens = np.random.default_rng(0).integers(1, 20, (60, 8))
    tokens[:, 5:] = 0
    np.savez(tmp_path / "tokens.npz", x=tokens, y=(tokens[:, 0] > 9).astype(int))
    own = {"dataset": "tokens.npz", "model": "masked.py:Masked", "hidden": "", "epochs": 1}
    own["forward"] = "masked.py:without_padding"
    parent = entry.run("prune", **own, **ONE | {"artifacts": "full"})
    child = children(store, parent)["magnitude"]
    (model, *_) = logged(store, child).values()
    graph = mlflow.pytorch.load_model(f"models:/{model.model_id}")
    longer = np.concatenate([tokens[:3, :5], tokens[:3, :3]], axis=1)
    assert not torch.equal(*(graph(torch.tensor(x).float()) for x in (tokens[:3], longer)))
    home = {"run_id": child.info.run_id, "formats": "onnx", "out": "small"}
    line = refused(entry("export", **home), 2)
    assert line.startswith("the forward pass of this run is made by the function 'masked.py:with")
    result = entry("export", trust="yes", **home)
    assert "agrees with the network to 1e-5" in result.output, result.output
    assert entry("prune", run_id=parent, trust="yes", **ONE).exit_code == 0
    assert "belongs to a network of your own" in refused(
        entry("train", model="mlp", forward=own["forward"]), 2
    )


def test_what_leastloss_logged_needs_no_trust(store: MlflowClient, entry: Entry) -> None:
    full = ONE | {"artifacts": "full"}
    parent = entry.run("prune", model="mlp", hidden="6", **full)
    child = children(store, parent)["magnitude"]
    models = logged(store, child)
    last = models.get("pruned-last", models["pruned"])
    store.create_registered_model("mine")
    store.create_model_version("mine", f"models:/{last.model_id}", model_id=last.model_id)
    store.set_registered_model_alias("mine", "small", "1")
    train = entry.run("train", model="models:/mine@small", hidden="", epochs=300)
    run = store.get_run(train)
    assert run.data.metrics["accuracy"] == pytest.approx(child.data.metrics["accuracy"])
    assert "epoch_val_loss" not in run.data.metrics
    again = entry.run("prune", run_id=train, **ONE | {"to_sparsity": 0.8})
    table = children(store, again)["magnitude"].data.metrics
    assert table["sparsity"] == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("model", ["mlp", "binarized-mlp"])
def test_so_does_a_step_on_the_way(store: MlflowClient, entry: Entry, model: str) -> None:
    options = ONE | {"artifacts": "full", "steps": 9, "to_sparsity": 0.9, "register": "mine"}
    parent = entry.run("prune", model=model, hidden="16", **options | {"epochs": 30})
    models = logged(store, children(store, parent)["magnitude"])
    middle = models["pruned"]
    assert 0 <= float(middle.tags["leastloss.sparsity"]) < 0.9
    assert "pruned-last" in models
    network = brought_network("models:/mine@smallest-within-2-points", trust=False)
    graph = mlflow.pytorch.load_model(f"models:/{middle.model_id}")
    x = torch.rand(50, 1, 8, 8)
    torch.testing.assert_close(network(x), graph(x), rtol=0, atol=1e-4)


@pytest.mark.parametrize("command", ["train", "prune"])
def test_what_cannot_be_logged_is_refused_before_training(
    store: MlflowClient, entry: Entry, nets: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leastloss.experiment.train.fit", None)
    line = refused(entry(command, model=f"{nets}.py:Branches", hidden=""), 2)
    assert line.startswith("own_nets.py:Branches could not be logged: Branches cannot be exported")
    assert line.endswith(
        "its code branches on values of tensors, or takes them out as numbers "
        "(own_nets.py, line 28)"
    )


@pytest.mark.parametrize("form", ["dictionary", "tuple"])
def test_graphs_give_what_networks_give(
    store: MlflowClient, entry: Entry, tmp_path: Path, form: str
) -> None:
    (tmp_path / "masked.py").write_text(MASKED)
    tokens = np.random.default_rng(0).integers(1, 20, (60, 8))
    np.savez(tmp_path / "tokens.npz", x=tokens, y=(tokens[:, 0] > 9).astype(int))
    network = named_function("model", "masked.py:Masked")(2)
    if form == "tuple":
        network = Untied(network)
    program = torch.export.export(
        network.eval(),
        (torch.tensor(tokens[:2]),),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    torch.export.save(program, tmp_path / "net.pt2")
    own = {"dataset": "tokens.npz", "model": "net.pt2", "hidden": "", "trust": "yes"}
    parent = entry.run("prune", **own, **ONE | {"artifacts": "full"})
    child = children(store, parent)["magnitude"]
    assert child.data.metrics["sparsity"] == pytest.approx(0.5)
    home = {"run_id": child.info.run_id, "formats": "onnx", "out": "small", "trust": "yes"}
    result = entry("export", **home)
    assert "agrees with the network to 1e-5" in result.output, result.output


def test_what_is_refused(store: MlflowClient, entry: Entry, nets: str) -> None:
    for options, code, words in (
        ({"model": f"{nets}:words"}, 2, "returned str; it must return a nn.Module"),
        ({"model": f"{nets}:none"}, 2, "unknown function in own_nets 'none'"),
        ({"model": "none.pt2"}, 1, "there is no file none.pt2"),
        ({"model": "models:/none@x"}, 1, "there is no model models:/none@x"),
        ({"model": "models:/none@x", "weights": "a.pth"}, 2, "leave out weights"),
        ({"model": f"{nets}:ten", "normalize": "half"}, 2, "takes samples as they are"),
        ({"trust": "maybe"}, 2, "unknown trust 'maybe'"),
    ):
        assert words in refused(entry("train", **{"hidden": "", **options}), code)
