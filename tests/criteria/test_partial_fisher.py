"""The order of units by what only they hold, and its guard."""

import numpy as np
from tests.criteria.unit_cases import context, mlp

from leastloss.criteria import ClassAngles, PartialFisher
from leastloss.geometry import (
    class_statistics,
    greedy_order,
)


def test_with_one_hidden_layer_the_order_is_the_greedy_path() -> None:
    case = context(mlp(hidden=(8,)))
    features = case.model.layers[:2](case.train.x).detach()
    order = PartialFisher().removal_order(case, 8)
    assert order is not None
    found = class_statistics(features, case.train.y)
    dead = int((found.means.abs().sum(dim=0) == 0).sum())  # equal losses: chance decides
    assert order[dead:].tolist() == greedy_order(found)[dead:].tolist()


def test_the_guard_keeps_what_holds_rare_classes_apart() -> None:
    case = context(mlp())
    plain, guarded = (PartialFisher(guard=g, rise=0.01).score(case) for g in (False, True))
    angles = ClassAngles(pairs="minority").score(case)
    for name, values in guarded.items():
        vetoed = angles[name] > 0.01
        np.testing.assert_allclose(values, plain[name] + vetoed)
    assert any((values >= 1).any() for values in guarded.values())
