"""Runs that may be compared seed by seed, and those that may not; how they are made again."""

from types import SimpleNamespace
from typing import Any

import pytest

from leastloss import tracking
from leastloss.errors import InputError, ResourceError
from leastloss.experiment.commands import command_of
from leastloss.experiment.compare_run.labels import labels_of
from leastloss.experiment.compare_run.pairing import check_paired
from leastloss.experiment.run_names import child_name, name_tags

COMMON = {"dataset": "digits", "imbalance": "exp", "ratio": "20.0", "model": "mlp", "hidden": "8"}
COMMON |= {"granularity": "weight", "recovery": "none", "seed": "0", "dense_seed": "0"}


def run(number: int, dense: str = "a", digest: str = "d", tags: Any = None, **given: str) -> Any:
    data = SimpleNamespace(dataset=SimpleNamespace(name="digits-train", digest=digest))
    return SimpleNamespace(
        info=SimpleNamespace(run_id=f"run{number}"),
        data=SimpleNamespace(
            params=COMMON | {"criterion": "nc"} | given,
            tags={"leastloss.dense_run": dense} | (tags or {}),
        ),
        inputs=SimpleNamespace(dataset_inputs=[data]),
    )


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


def test_labels_tell_what_differs_and_always_the_repair() -> None:
    runs = [
        run(1, recovery="none"),
        run(2, recovery="compensate", schedule="one-shot"),
        run(3, recovery="compensate", criterion="obs"),
    ]
    assert [label.text for label in labels_of(runs)] == [
        "nc, recovery=none",
        "nc, recovery=compensate, schedule=one-shot",
        "obs, recovery=compensate",
    ]


def test_the_command_of_a_row_names_what_is_not_the_default() -> None:
    runs = [run(i, seed=str(i), dense_seed=str(i), sparsities="0.5,0.9") for i in (10, 2)]
    assert command_of(runs) == (
        "for seed in 2 10; do mlflow run . -e prune -P model=mlp -P hidden=8 -P sparsities=0.5,0.9 "
        "-P recovery=none -P criteria=nc -P controls=no -P seed=$seed; done"
    )


def test_the_command_of_a_control_is_that_of_its_method() -> None:
    tags = {"leastloss.controls_of": "nc"}
    text = command_of([run(1, criterion="shuffled@nc", tags=tags)])
    assert text.endswith("-P criteria=nc -P seed=0")
    assert "controls" not in text
    assert "criteria=c,b@c,a@b@c " in command_of([run(1, criterion="a@b@c")])


def test_the_command_of_another_seed_names_the_network() -> None:
    text = command_of([run(1, seed="5", run_id="abc")])
    assert "-P run_id=abc -P seed=5" in text
    assert "hidden" not in text


def test_names_and_tags() -> None:
    given = run(1).data.params
    assert child_name(given) == "nc · weight · digits exp-20 · s0"
    tags = name_tags(given)
    assert tags["leastloss.method"] == "nc"
    assert tags["leastloss.dataset"] == "digits exp-20"
    assert tags["leastloss.model"] == "mlp 8"


def test_a_stored_former_name_is_the_method_of_today() -> None:
    runs = [run(1, criterion="seed-nc"), run(2, criterion="scatter-slope")]
    assert {label.text for label in labels_of(runs)} == {"scatter-slope"}
