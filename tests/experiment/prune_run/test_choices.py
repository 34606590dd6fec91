"""Which criteria a prune run is asked for, their order, and which controls are added to them."""

import pytest

from leastloss.controls import CONTROLS_OF, METHODS, ROLE, missing_controls, nested
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.prune_run.choices import (
    choices,
    in_order,
    judged,
    role_tags,
    with_controls,
)

LEADER = "mils-bdm:boundary=ignore"
FOUR = ["random@nc", "magnitude@nc", "shuffled@nc", "small-dense"]


def test_flags_are_defaults_of_specs_and_leaders_go_first() -> None:
    config = PruneConfig(criteria="random@mils-bdm, mils-bdm, nc", boundary="ignore")
    chosen = choices(config)
    assert [choice.label for choice in chosen] == [f"random@{LEADER}", LEADER, "nc"]
    assert [choice.label for choice in in_order(chosen)] == [LEADER, "nc", f"random@{LEADER}"]


@pytest.mark.parametrize(
    ("criteria", "line"),
    [
        (",", "criteria is empty; there are: "),
        ("nc@nc", "'nc@nc' follows itself"),
        ("shuffled", "'shuffled' needs a criterion whose masks it shuffles"),
        ("small-dense@nc,nc", "follows no layer ratios; write 'small-dense'"),
        ("small-dense", "'small-dense' is as large as another's pruned network"),
    ],
)
def test_criteria_that_cannot_be(criteria: str, line: str) -> None:
    with pytest.raises(InputError, match=line):
        choices(PruneConfig(criteria=criteria))


def added(**options: str) -> list[str]:
    config = PruneConfig(**options)  # type: ignore[arg-type]  # plain values
    return [choice.label for choice in with_controls(config, choices(config)) if not choice.asked]


def test_methods_get_what_they_lack_and_baselines_nothing() -> None:
    assert added(criteria="magnitude,random,obs") == []
    assert added(criteria="nc,magnitude") == FOUR
    assert added(criteria="nc,random@nc,small-dense") == FOUR[1:3]
    assert added(criteria="nc", controls="no") == []
    both = added(criteria="mils-bdm,nc:gamma=0.1")
    assert both.count("small-dense") == 1
    assert len(both) == 7
    default = PruneConfig()
    chosen = with_controls(default, choices(default))
    assert not any(missing_controls([choice.label for choice in chosen]).values())
    assert {choice.label for choice in chosen} >= set(METHODS)


def test_flags_reach_the_labels_of_controls() -> None:
    found = added(criteria="mils-bdm", boundary="ignore")
    assert found[0] == "random@mils-bdm:boundary=ignore"


def test_what_cannot_be_is_left_out_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    options = {"criteria": "nc", "granularity": "unit", "schedule": "sequential"}
    assert added(**options) == ["shuffled@nc", "small-dense"]
    said = capsys.readouterr().err
    assert said.startswith("controls left out: random@nc (units cannot follow given shares")
    assert "magnitude@nc" in said
    assert added(criteria="nc", hidden="") == FOUR[:3]
    assert "small-dense (the network has no hidden layer)" in capsys.readouterr().err
    # The shares are the rule's on the method's path already.
    assert added(criteria="nc", allocation="uniform") == FOUR


def test_the_small_network_comes_last_and_is_as_large_as_the_methods() -> None:
    config = PruneConfig(criteria="small-dense,magnitude@nc,nc,magnitude")
    chosen = in_order(choices(config))
    assert [choice.label for choice in chosen] == ["nc", "magnitude", "magnitude@nc", "small-dense"]
    assert judged(chosen) == ["nc"]
    assert judged(choices(PruneConfig(criteria="magnitude,small-dense"))) == ["magnitude"]


def test_roles() -> None:
    config = PruneConfig(criteria="mils-bdm,nc,magnitude,nc@magnitude")
    chosen = with_controls(config, choices(config))
    tags = {choice.label: dict(role_tags(choice, chosen)) for choice in chosen}
    for label in ("mils-bdm", "nc", "magnitude", "nc@magnitude"):
        assert tags[label] == {ROLE: "method"}
    assert tags["shuffled@nc"] == {ROLE: "control", CONTROLS_OF: "nc"}
    assert tags["random@mils-bdm"] == {ROLE: "control", CONTROLS_OF: "mils-bdm"}
    assert tags["small-dense"] == {ROLE: "control", CONTROLS_OF: "mils-bdm,nc"}
    assert [label for label in tags if not nested(label)] == [
        *("shuffled@mils-bdm", "small-dense", "shuffled@nc")
    ]
