"""A prune run: its checks, its children in order, and those that are refused."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.dense import Dense
from leastloss.experiment.prune_run import prune as recipe
from leastloss.experiment.prune_run.choices import choices
from leastloss.experiment.prune_run.earlier_paths import FinishedPath
from leastloss.experiment.train import Untrained
from leastloss.options import parameters

SMALL = {"model": "mlp", "hidden": "8", "epochs": 2, "steps": 2}


@pytest.fixture
def dense(networks: dict[str, nn.Module], data: Data) -> Dense:
    settings = parameters(TrainConfig(model="mlp", hidden="12,8", lr=0.005))
    return Dense(
        model=networks["mlp"], data=data, run_id="d", model_id="m", name="net", settings=settings
    )


def test_a_planned_run_has_its_controls_and_an_untrained_network() -> None:
    planned = recipe.check(PruneConfig(criteria="nc,magnitude", **SMALL))
    assert isinstance(planned.start, Untrained)
    assert [choice.label for choice in planned.chosen] == [
        *("nc", "magnitude", "random@nc", "magnitude@nc", "shuffled@nc", "small-dense")
    ]


def test_what_a_network_cannot_have_is_refused_before_training() -> None:
    with pytest.raises(InputError, match="flips: "):
        recipe.check(PruneConfig(criteria="flips,nc", controls="no", **SMALL))


def test_flags_that_contradict_the_network_of_a_run_are_named(
    dense: Dense, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe._say_ignored(PruneConfig(lr=0.005, epochs=7), dense)
    assert capsys.readouterr().err == "ignored, since run_id brings its own network: epochs=7\n"
    recipe._say_ignored(PruneConfig(), dense)
    assert capsys.readouterr().err == ""


@pytest.fixture
def pruned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Labels in the order in which they were pruned, each with the path that it followed."""
    calls: list[tuple[str, Any]] = []

    def child(config: PruneConfig, choice: Any, dense: Dense, followed: Any, *_: Any) -> Any:
        if choice.label.startswith("random"):
            raise InputError("out of luck")
        calls.append((choice.label, followed))
        return f"path of {choice.label}", pd.DataFrame({"criterion": [choice.label]})

    monkeypatch.setattr(recipe, "pruned_child", child)
    return calls


def test_leaders_go_first_and_tables_come_as_named(
    pruned: list[tuple[str, Any]], dense: Dense
) -> None:
    config = PruneConfig(criteria="magnitude@nc,taylor,nc", controls="no")
    table = recipe._children(config, choices(config), dense)
    assert table["criterion"].tolist() == ["magnitude@nc", "taylor", "nc"]
    assert dict(pruned) == {"taylor": None, "nc": None, "magnitude@nc": "path of nc"}
    assert pruned[-1][0] == "magnitude@nc"


def test_a_finished_one_lends_its_path_and_is_not_pruned(
    dense: Dense, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def child(*arguments: Any) -> Any:
        calls.append((arguments[1].label, arguments[3], arguments[5]))
        return "its path", pd.DataFrame({"criterion": [arguments[1].label]})

    monkeypatch.setattr(recipe, "pruned_child", child)
    monkeypatch.setattr(recipe, "rebuilt", lambda path, *_: f"path of {path.run_id}")
    config = PruneConfig(criteria="magnitude,nc@magnitude,random", controls="no", **SMALL)
    finished = {"magnitude": FinishedPath(run_id="abc", order=np.arange(2))}
    table = recipe._children(config, choices(config), dense, None, finished)
    assert calls == [("random", None, ""), ("nc@magnitude", "path of abc", "abc")]
    assert table["criterion"].tolist() == ["nc@magnitude", "random"]


def test_one_that_is_refused_stops_its_followers_alone(
    pruned: list[tuple[str, Any]], dense: Dense
) -> None:
    config = PruneConfig(criteria="random,nc@random,nc", controls="no")
    with pytest.raises(InputError) as refused:
        recipe._children(config, choices(config), dense)
    assert str(refused.value) == (
        "random: out of luck; nc@random: 'random', which it follows, was refused"
    )
    assert [label for label, _ in pruned] == ["nc"]


def test_one_that_fails_does_not_keep_the_others_from_running(
    pruned: list[tuple[str, Any]],
    dense: Dense,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    good = recipe.pruned_child

    def fails(config: PruneConfig, choice: Any, *rest: Any) -> Any:
        if choice.label == "magnitude":
            raise RuntimeError("a fault of this criterion")
        return good(config, choice, *rest)

    monkeypatch.setattr(recipe, "pruned_child", fails)
    config = PruneConfig(criteria="magnitude,nc@magnitude,nc,taylor", controls="no")
    with pytest.raises(RuntimeError, match="a fault of this criterion"):
        recipe._children(config, choices(config), dense)
    assert [label for label, _ in pruned] == ["nc", "taylor"]
    assert capsys.readouterr().err == "magnitude failed: a fault of this criterion\n"


def test_a_control_that_nobody_named_is_left_out(
    pruned: list[tuple[str, Any]],
    dense: Dense,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = SimpleNamespace(large=None)

    def small_child(config: Any, dense: Any, large: Any, tags: Any) -> pd.DataFrame:
        small.large = large
        return pd.DataFrame({"criterion": ["small-dense"]})

    monkeypatch.setattr(recipe, "small_child", small_child)
    config = PruneConfig(criteria="nc", hidden="8")
    chosen = recipe.with_controls(config, choices(config))
    table = recipe._children(config, chosen, dense)
    assert table["criterion"].tolist() == ["nc", "magnitude@nc", "shuffled@nc", "small-dense"]
    assert small.large == {"nc": "path of nc"}
    assert capsys.readouterr().err == "controls left out: random@nc: out of luck\n"
