"""Which runs a path can go on from."""

from types import SimpleNamespace

import pytest

from leastloss import tracking
from leastloss.controls import CONTROLS_OF
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.prune_run import continued as module
from leastloss.experiment.prune_run.continued import continued, goes_on


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
