"""The names of controls, by which recipes make them and pages find them."""

import pytest

from leastloss.controls import METHODS, controls_for, is_control, missing_controls
from leastloss.report.roles import roles

FOUR = ["random@nc", "magnitude@nc", "shuffled@nc", "small-dense"]


@pytest.mark.parametrize("method", METHODS)
def test_every_control_of_a_method_is_known_as_one(method: str) -> None:
    assert not is_control(method)
    assert all(is_control(label) for label in controls_for(method))


def test_recipes_make_the_controls_that_pages_look_for() -> None:
    for label in ("nc", "mils-bdm:block=3"):
        assert missing_controls([label])[label] == controls_for(label)
        methods = {one: (one, "") for one in [label, *controls_for(label)]}
        found = roles(methods, judged=METHODS)
        assert found[label].words == ("complete", "")
        assert list(found[label].controls) == controls_for(label)
        assert {found[one].kind for one in controls_for(label)} == {"control"}


def test_what_a_method_lacks() -> None:
    assert missing_controls(["nc"]) == {"nc": FOUR}
    assert missing_controls(["nc", *FOUR]) == {"nc": []}
    assert missing_controls(["magnitude", "random", "obs", "nc1-change", "nc@magnitude"]) == {}
    found = missing_controls(["mils-bdm:block=3", "random@mils-bdm", "small-dense"])
    assert found["mils-bdm:block=3"][0] == "random@mils-bdm:block=3"
    assert len(found["mils-bdm:block=3"]) == 3
    assert missing_controls([]) == {}


def test_settings_that_a_table_adds_must_agree() -> None:
    labels = ["nc, recovery=none", "nc, recovery=compensate"]
    labels += [f"{control}, recovery=none" for control in FOUR]
    assert missing_controls(labels) == {
        "nc, recovery=none": [],
        "nc, recovery=compensate": [f"{control}, recovery=compensate" for control in FOUR],
    }
