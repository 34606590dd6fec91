"""The names of controls, by which recipes make them and pages find them."""

import pytest

from leastloss.controls import METHODS, controls_for, is_control


@pytest.mark.parametrize("method", METHODS)
def test_every_control_of_a_method_is_known_as_one(method: str) -> None:
    assert not is_control(method)
    assert all(is_control(label) for label in controls_for(method))
