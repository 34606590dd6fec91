"""A stranger's own data through the entry points."""

from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from tests.data.map_cases import NET, scenes
from tests.data.own.cases import write_archive, write_folder, write_table
from tests.entrypoints.conftest import Entry, children, refused

from leastloss import tracking
from leastloss.data import load_data

TINY = {"model": "mlp", "hidden": "6", "artifacts": "light", "criteria": "magnitude,nc"}


def page_of(store: MlflowClient, run_id: str, tmp_path: Path) -> str:
    return tracking.fetch_file(run_id, "compare.html", tmp_path).read_text()


def test_a_table_from_training_to_the_page(
    store: MlflowClient, entry: Entry, tmp_path: Path
) -> None:
    path = write_table(tmp_path / "staff.csv", copies=12)
    path.write_text(path.read_text().replace("yes", "<b>yes</b>"))
    # The working folder is that of the test.
    result = entry("prune", dataset="staff.csv", **TINY | {"artifacts": "full"})
    assert result.exit_code == 0, result.output
    assert "staff, 48 rows, a header, label: 'left', column 2 of 0..2" in result.output
    assert "mlp 6 on staff: accuracy" in result.output
    parent = store.get_run(result.stdout.split("prune run: ")[1].strip())
    assert parent.data.params["dataset"] == "staff.csv"
    assert parent.data.params["imbalance"] == "none"
    assert parent.data.tags["leastloss.dataset"] == "staff"
    child = children(store, parent.info.run_id)["nc"]
    recorded = {i.tags[0].value: i.dataset for i in child.inputs.dataset_inputs}
    data = load_data("staff.csv")
    assert recorded["training"].digest == data.train.digest()[:16]
    assert '"class_names": ["<b>yes</b>", "no"]' in recorded["training"].profile
    page = page_of(store, entry.run("compare", few_seeds="yes"), tmp_path)
    assert "0 &lt;b&gt;yes&lt;/b&gt;, 1 no" in page
    assert "<b>yes" not in page
    assert "<title>staff, mlp 6" in page


def test_a_folder_of_images_is_found_again_from_elsewhere(
    store: MlflowClient, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "pets", {"bird": 30, "cat": 10}, size=(9, 7))
    train = entry.run("train", dataset="pets", size=8, model="convnet", hidden="3,4", epochs=1)
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)
    options = {"criteria": "magnitude", "artifacts": "light", "steps": 1}
    pruned = entry.run("prune", run_id=train, **options)
    assert store.get_run(pruned).data.params["dataset"] == "pets"
    noise = {"corruptions": "gaussian", "severities": 1}
    assert entry("robustness", run_id=pruned, **noise).exit_code == 0
    (tmp_path / "pets" / "cat" / "0.png").unlink()
    line = refused(entry("prune", run_id=train, **options), 1)
    assert line.startswith("pets-train is not the data that run")


def test_what_is_refused(store: MlflowClient, entry: Entry, tmp_path: Path) -> None:
    write_archive(tmp_path / "a.npz")
    for options, code, words in (
        ({"dataset": "b.npz"}, 1, "there is no file b.npz, neither from"),
        ({"dataset": "a.npz:label=y"}, 2, "has no options"),
        ({"dataset": "a.npz", "size": 8}, 2, "size resizes images"),
        ({"dataset": "a.npz", "model": "resnet8", "hidden": ""}, 2, "images"),
        ({"dataset": "a.npz", "augment": "flip"}, 2, "it needs images"),
        ({"dataset": "a.npz", "rare": "1"}, 2, "rare"),
        ({"dataset": "no_such_module:f"}, 2, "cannot import no_such_module"),
    ):
        assert words in refused(entry("train", **options), code)


def test_a_table_under_noise_and_with_a_profile(
    store: MlflowClient, entry: Entry, tmp_path: Path
) -> None:
    write_archive(tmp_path / "=1+1.npz")
    options = {**TINY, "dataset": "=1+1.npz", "imbalance": "exp", "ratio": 4, "steps": 1}
    pruned = entry.run("prune", **options)
    assert store.get_run(pruned).data.tags["leastloss.dataset"] == "=1+1 exp-4"
    table = tracking.fetch_file(pruned, "table.csv", tmp_path).read_text()
    assert ",'=1+1," in table  # a spreadsheet would take it for a formula
    assert ",=1+1" not in table
    result = entry("robustness", run_id=pruned, severities=1)
    assert result.exit_code == 0, result.output


def test_a_function_that_only_a_run_names_is_not_called(
    store: MlflowClient, entry: Entry, tmp_path: Path
) -> None:
    called = tmp_path / "called"
    (tmp_path / "mine.py").write_text(
        f"import numpy as np\nopen({str(called)!r}, 'w').close()\n"
        "def load(seed): return np.random.default_rng(seed).normal(size=(60, 5)), np.arange(60) % 3"
    )
    options = {"model": "mlp", "hidden": "4", "epochs": 1}
    train = entry.run("train", dataset="mine.py:load", **options)
    called.unlink()
    pruning = {"criteria": "magnitude", "artifacts": "light", "steps": 1}
    line = refused(entry("prune", run_id=train, **pruning), 2)
    assert "is made by the function" in line
    assert "say trust=yes" in line
    assert not called.exists()
    assert entry("prune", run_id=train, trust="yes", **pruning).exit_code == 0


def test_one_label_a_pixel_from_training_to_the_page(
    store: MlflowClient, entry: Entry, tmp_path: Path
) -> None:
    x, y = scenes(30)
    names = np.array(["ground", "square", "bar"])
    np.savez(tmp_path / "scenes.npz", x=x.numpy(), y=y.numpy(), class_names=names)
    (tmp_path / "segments.py").write_text(NET)
    own = {"dataset": "scenes.npz", "model": "segments.py:segmenter", "hidden": "", "epochs": 2}
    own |= {"batch_size": 4, "lr": 0.02, "criteria": "nc", "steps": 1, "recovery": "compensate"}
    parent = entry.run("prune", **own, to_sparsity=0.5, noise="gaussian:2")
    child = children(store, parent)["nc"]
    predictions = tracking.fetch_file(child.info.run_id, "predictions.npz", tmp_path)
    with np.load(predictions) as arrays:
        assert arrays["predicted"].shape == (2, 63 * 6)
        metrics = store.get_run(child.info.run_id).data.metrics
        hits = arrays["predicted"][-1] == arrays["y"]
    assert metrics["accuracy"] == pytest.approx(hits.mean())
    noise = {"corruptions": "gaussian", "severities": 1, "trust": "yes"}
    assert entry("robustness", run_id=parent, **noise).exit_code == 0
    moved = noise | {"corruptions": "rotation"}
    line = refused(entry("robustness", run_id=parent, **moved), 2)
    assert line.startswith("rotation moves images and not the maps of their labels")
    home = {"run_id": child.info.run_id, "formats": "onnx,card", "out": "small", "trust": "yes"}
    assert entry("export", **home).exit_code == 0
    assert "labels: one for each position" in (tmp_path / "small" / "MODEL_CARD.md").read_text()
    page = page_of(store, entry.run("compare", few_seeds="yes"), tmp_path)
    assert "2 bar" in page
    for bad, words in (
        ({"criteria": "scatter-slope"}, "use 'lda-taylor'"),
        ({"recovery": "refit"}, "repair with compensate"),
        ({"imbalance": "exp"}, "each position has a label"),
        ({"noise": "translation:1"}, "moves images"),
        ({"model": "mlp", "hidden": "4"}, "logits of shape (2, classes, 8, 8)"),
    ):
        assert words in refused(entry("prune", **own | bad), 2)
