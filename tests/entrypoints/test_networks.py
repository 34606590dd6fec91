"""Networks and data sets of images, by name and from a file, through the entry points."""

from pathlib import Path

import pytest
import torch
from mlflow import MlflowClient
from tests.data.images32 import write_gtsrb, write_lossless
from tests.entrypoints.conftest import Entry, refused

import leastloss as ll
from leastloss.models import build_model

RESNET = {"model": "resnet8", "hidden": "", "epochs": 1, "criteria": "magnitude"}
SMALL = {"size": 8, "batch_size": 16, "artifacts": "light", "steps": 1, "to_sparsity": 0.5}


def test_a_resnet_on_images_of_cifar10(store: MlflowClient, entry: Entry, tmp_path: Path) -> None:
    write_lossless(tmp_path, train=80)
    result = entry("prune", dataset="cifar10", ratio=4, data_dir=tmp_path, seed=5, **RESNET | SMALL)
    assert result.exit_code == 0, result.output
    assert "CIFAR-10, lossless part: 80 training and 20 test images" in result.output
    assert "resnet8 on CIFAR-10: accuracy" in result.output
    run = store.get_run(result.stdout.split("prune run: ")[1].strip())
    assert run.data.tags["leastloss.data_source"].startswith("lossless part: 80")
    assert run.data.tags["leastloss.model"] == "resnet8"
    settings = {name: run.data.params[name] for name in ("imbalance", "hidden", "augment")}
    assert settings == {"imbalance": "exp", "hidden": "", "augment": "auto"}


def test_weights_of_a_file_are_taken_instead_of_training(
    store: MlflowClient, entry: Entry, tmp_path: Path
) -> None:
    write_gtsrb(tmp_path)
    network = build_model("resnet8", (3, 8, 8), (), 43, normalize="half")
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    file = tmp_path / "net.th"
    torch.save({"state_dict": state}, file)
    options = RESNET | {"size": 8, "dataset": "gtsrb", "data_dir": tmp_path, "normalize": "half"}
    options.pop("criteria")
    run_id = entry.run("train", weights=file, **options)
    run = store.get_run(run_id)
    assert "epoch_val_loss" not in run.data.metrics
    assert run.data.params["imbalance"] == "none"
    data = ll.load_data("gtsrb", size=8, data_dir=tmp_path)
    assert run.data.metrics["accuracy"] == ll.evaluate(network, data.test)["accuracy"]
    pruned = entry.run("prune", run_id=run_id, criteria="magnitude", **SMALL | {"size": ""})
    assert store.get_run(pruned).data.params["weights"] == str(file)


def test_channels_of_a_resnet_go(store: MlflowClient, entry: Entry, tmp_path: Path) -> None:
    write_lossless(tmp_path, train=80)
    options = RESNET | SMALL | {"granularity": "unit", "recovery": "compensate", "ratio": 4}
    run_id = entry.run("prune", dataset="cifar10", data_dir=tmp_path, **options)
    (child,) = store.search_runs(
        [store.get_run(run_id).info.experiment_id], f"tags.mlflow.parentRunId = '{run_id}'"
    )
    # Of the 224 channels inside blocks and between them half are gone.
    assert child.data.metrics["sparsity"] == 0.5
    assert child.data.metrics["weight_sparsity"] > 0.5


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"model": "resnet21"}, 2, "unknown model 'resnet21'; did you mean 'resnet"),
        ({"model": "resnet8", "weights": "no.th"}, 1, "there is no file no.th"),
        ({"model": "vgg11-bn", "hidden": ""}, 2, "does not run on samples of shape (1, 8, 8)"),
        ({"model": "mlp", "normalize": "half"}, 2, "a mlp takes pixels as they are"),
        ({"optimizer": "sdg"}, 2, "unknown optimizer 'sdg'"),
        ({"augment": "flop"}, 2, "unknown augment 'flop'"),
        ({"dataset": "gtsrb", "data_dir": "none"}, 1, "gtsrb32_train_third.npz is missing"),
    ],
)
def test_what_is_refused(
    store: MlflowClient, entry: Entry, options: dict[str, str], code: int, words: str
) -> None:
    options = {"hidden": ""} | options if options.get("model", "").startswith("r") else options
    assert words in refused(entry("train", **options), code)
