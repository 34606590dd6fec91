"""Units that alone carry a direction."""

from tests.criteria.unit_cases import context, mlp

from leastloss.criteria import NC1Change


def test_units_that_alone_carry_a_direction_come_after_all_others() -> None:
    scores = NC1Change().score(context(mlp(hidden=(8, 1))))
    assert scores["layers.2"].min() > scores["layers.0"].max()
