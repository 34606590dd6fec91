"""Untrained networks and their data, and training within a run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from mlflow import MlflowClient

from leastloss.errors import InputError
from leastloss.experiment import train as recipe
from leastloss.experiment.config import PruneConfig, RobustnessConfig, TrainConfig
from leastloss.experiment.dense import fetch_dense
from leastloss.experiment.prune_run import prune
from leastloss.experiment.robustness_run import robustness
from leastloss.experiment.train import weights_file


def test_the_seed_decides_weights_and_data() -> None:
    config = TrainConfig(model="mlp", hidden="6", seed=1)
    first, same = recipe.untrained(config), recipe.untrained(config)
    other = recipe.untrained(TrainConfig(model="mlp", hidden="6", seed=2))
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, same.model.state_dict()[name])
    assert torch.equal(first.data.train.x, same.data.train.x)
    assert len(first.data.train) == len(other.data.train)
    assert not torch.equal(first.data.train.x, other.data.train.x)
    weights = [next(start.model.parameters()) for start in (first, other)]
    assert not torch.equal(*weights)


def test_options_of_the_data_reach_the_data() -> None:
    config = TrainConfig(imbalance="named", rare="1,2", share="0.5", size="6", subset=0.5)
    data = recipe.data_of(config)
    assert data.shape[-2:] == (6, 6)
    assert data.minority == (1, 2)
    counts = data.train.counts()
    assert max(counts[1], counts[2]) < 0.7 * counts[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [({"dataset": "digit"}, "unknown data set"), ({"rare": "1"}, "rare")],
)
def test_bad_input_fails_before_a_run_is_opened(options: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        recipe.untrained(TrainConfig(**options))


def test_what_is_logged_is_fetched(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Exports and figures take seconds.
    monkeypatch.setattr(recipe.tracking, "log_network", lambda *rest: "m-0")
    monkeypatch.setattr("leastloss.tracking._runs.warm_up", lambda: None)
    monkeypatch.setattr(recipe, "render", lambda figure: b"")
    logged = recipe.tracking.log_metrics
    monkeypatch.setattr(
        recipe.tracking, "log_metrics", lambda run_id, rows, model_id=None: logged(run_id, rows)
    )
    dense = recipe.train(TrainConfig(model="mlp", hidden="8", epochs=2))
    assert f"train run: {dense.run_id}" in capsys.readouterr().out
    run = store.get_run(dense.run_id)
    assert run.info.status == "FINISHED"
    assert len(store.get_metric_history(dense.run_id, "epoch/val_loss")) == 2
    assert "val/accuracy" in run.data.metrics
    fetched = fetch_dense(dense.run_id)
    assert fetched.settings == dense.settings
    assert fetched.name == "mlp 8"
    for name, value in dense.model.state_dict().items():
        assert torch.equal(fetched.model.state_dict()[name], value)


def test_a_network_without_collapse_has_no_figure_of_it(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe.tracking, "log_network", lambda *rest: None)
    monkeypatch.setattr("leastloss.tracking._runs.warm_up", lambda: None)
    monkeypatch.setattr(recipe, "render", lambda figure: b"")
    monkeypatch.setattr(recipe, "network_collapse", lambda *args, **options: {})
    monkeypatch.setattr(recipe.tracking, "log_tags", lambda *rest: None)
    run_id = recipe.train(TrainConfig(model="mlp", hidden="4", epochs=1)).run_id
    names = {artifact.path for artifact in store.list_artifacts(run_id)}
    assert "training.png" in names
    assert "collapse.png" not in names
    assert "collapse.png" not in store.get_run(run_id).data.tags["mlflow.note.content"]


def test_weights_lie_where_they_are_said_to_or_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "net.pth").touch()
    config = replace(TrainConfig(), weights="net.pth", data_dir=str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    assert weights_file(config) == tmp_path / "data" / "net.pth"
    assert weights_file(replace(config, weights="none.pth")) == Path("none.pth")
    (tmp_path / "net.pth").touch()
    assert weights_file(config) == Path("net.pth")


@pytest.mark.parametrize("recipe_name", ["train", "prune", "robustness"])
def test_every_recipe_is_deterministic_on_request(
    monkeypatch: pytest.MonkeyPatch, recipe_name: str
) -> None:
    recipes: dict[str, Any] = {
        "train": (recipe, "untrained", TrainConfig),
        "prune": (prune, "check", PruneConfig),
    }
    recipes["robustness"] = (robustness, "chosen", RobustnessConfig)
    module, first, config = recipes[recipe_name]

    def begun(_: object) -> None:
        raise InputError(str(torch.are_deterministic_algorithms_enabled()))

    monkeypatch.setattr(module, first, begun)
    for asked, said in (("yes", "True"), ("no", "False")):
        with pytest.raises(InputError, match=said):
            getattr(module, recipe_name)(config(deterministic=asked))
