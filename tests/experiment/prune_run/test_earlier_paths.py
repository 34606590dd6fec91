"""Which runs a path can go on from; which are read to lend their ratios, and what is rebuilt."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from torch import nn

from leastloss import tracking
from leastloss.controls import CONTROLS_OF
from leastloss.data import Data
from leastloss.errors import InputError, ResourceError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.dense import Dense
from leastloss.experiment.prune_run import earlier_paths as module
from leastloss.experiment.prune_run.choices import Choice
from leastloss.experiment.prune_run.earlier_paths import (
    continued,
    finished_paths,
    goes_on,
    rebuilt,
)
from leastloss.pruning import prune_by


def run(criterion: str, **tags: str) -> SimpleNamespace:
    data = SimpleNamespace(params={"criterion": criterion}, tags=tags)
    return SimpleNamespace(info=SimpleNamespace(run_id="abc"), data=data)


@pytest.mark.parametrize(("kind", "expected"), [("criterion", True), ("prune", False)])
def test_a_child_is_a_path(kind: str, expected: bool) -> None:
    assert goes_on(run("nc", **{tracking.KIND: kind})) is expected
    assert not goes_on(run("nc"))


@pytest.mark.parametrize("child", [run("random@nc"), run("nc", **{CONTROLS_OF: "nc"})])
def test_a_path_that_follows_another_cannot_go_on_alone(
    child: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "check_child", lambda checked: checked)
    with pytest.raises(InputError, match="follows another path"):
        continued(PruneConfig(), child, SimpleNamespace())


def test_what_cannot_be_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def fetch_array(run_id: str, name: str) -> Any:
        asked.append((run_id, name))
        if run_id == "gone":
            raise ResourceError("its file is gone")
        return np.arange(3)

    monkeypatch.setattr(tracking, "fetch_array", fetch_array)
    paths = finished_paths({"magnitude": "a", "random": "gone", "shuffled@magnitude": "c"})
    assert [(label, path.run_id) for label, path in paths.items()] == [("magnitude", "a")]
    assert asked == [("a", "removal_order.npy"), ("gone", "removal_order.npy")]


def test_chains_are_rebuilt(
    networks: dict[str, nn.Module], data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = PruneConfig(criteria="magnitude", sparsities="0.3,0.6", recovery="none", model="mlp")
    dense = Dense(
        model=networks["mlp"], data=data, run_id="d", model_id="m", name="net", settings={}
    )
    first = prune_by(dense.model, data, "magnitude", config, progress=False)
    monkeypatch.setattr(tracking, "fetch_array", lambda run_id, name: first.removal_order)
    path = rebuilt(
        finished_paths({"magnitude": "a"})["magnitude"], config, Choice.of("magnitude"), dense, None
    )
    again = prune_by(dense.model, data, "random", _following(config, path), progress=False)
    once = prune_by(dense.model, data, "random", _following(config, first), progress=False)
    assert again.settings["criterion"] == "random@magnitude"
    monkeypatch.setattr(tracking, "fetch_array", lambda run_id, name: again.removal_order)
    chosen = Choice.of("random", "magnitude")
    follower = rebuilt(
        finished_paths({chosen.label: "b"})[chosen.label], config, chosen, dense, path
    )
    assert follower.settings["criterion"] == once.settings["criterion"]
    assert np.array_equal(follower.removal_order, once.removal_order)


def _following(config: PruneConfig, path: Any) -> PruneConfig:
    return replace(config, allocation=path)
