"""Which controls a method has."""

import pytest

from leastloss.report.roles import roles


@pytest.mark.parametrize("settings", ["recovery=none", "recovery=compensate"])
def test_controls_are_those_of_the_same_settings(settings: str) -> None:
    methods = {
        "nc": ("nc", "recovery=none"),
        "random@nc": ("random@nc", settings),
        "small-dense": ("small-dense", "recovery=other"),
        "lamp": ("lamp", "recovery=none"),
    }
    found = roles(methods, judged=["nc"])
    missing = {"magnitude@nc", "shuffled@nc"}
    if settings != "recovery=none":
        missing |= {"random@nc"}
    assert set(found["nc"].missing) == missing
    assert found["lamp"].kind == "baseline"
    assert found["small-dense"].kind == "control"


def test_a_small_dense_network_controls_whom_it_says() -> None:
    methods = {"nc": ("nc", ""), "mils-bdm": ("mils-bdm", ""), "small-dense": ("small-dense", "")}
    found = roles(methods, {"small-dense": "nc"})
    assert "small-dense" in found["nc"].controls
    assert "small-dense" in found["mils-bdm"].missing
