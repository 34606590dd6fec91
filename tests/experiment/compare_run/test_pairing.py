"""Runs that may be compared seed by seed, and those that may not."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.experiment.runs import run

from leastloss import tracking
from leastloss.errors import InputError, ResourceError
from leastloss.experiment.compare_run.pairing import check_paired


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Run of a dense network -> its loss."""
    known: dict[str, float] = {}

    def find(run_id: str) -> Any:
        if run_id not in known:
            raise ResourceError(f"there is no run {run_id!r}")
        return SimpleNamespace(data=SimpleNamespace(metrics={"loss": known[run_id]}))

    monkeypatch.setattr(tracking, "find_run", find)
    return known


def test_a_network_that_was_trained_again_is_the_same(losses: dict[str, float]) -> None:
    losses |= {"a": 0.25, "b": 0.25}
    check_paired([run(1), run(2, dense="b")], ["0", "0"])


def test_different_networks_of_one_seed_are_refused(losses: dict[str, float]) -> None:
    losses |= {"a": 0.25, "b": 0.26}
    with pytest.raises(InputError, match=r"different dense networks: loss 0.25 in run 'a', 0.26"):
        check_paired([run(1), run(2, dense="b")], ["0", "0"])
    check_paired([run(1), run(2, dense="b")], ["0", "1"])  # two seeds have a network each


def test_a_network_that_is_gone_is_refused(losses: dict[str, float]) -> None:
    losses |= {"a": 0.25}
    with pytest.raises(InputError, match="that of run 'b' is gone"):
        check_paired([run(1), run(2, dense="b")], ["0", "0"])


def test_different_data_of_one_seed_are_refused() -> None:
    with pytest.raises(InputError, match=r"different data as digits-train \(digests d and e\)"):
        check_paired([run(1), run(2, digest="e")], ["0", "0"])
