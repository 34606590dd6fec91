"""The command line and Python have the same defaults, but for what is listed with its reason."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

import leastloss as ll
from leastloss.experiment.config import PruneConfig, RobustnessConfig, TrainConfig

NOT_GIVEN = {"": {None, ()}, "all": {None}, "1,2,3,4,5": {(1, 2, 3, 4, 5)}, "no": {False}}
"""What a flag spells where Python has no text: empty lists, numbers, all of a list, yes and no."""

OTHER = {
    ("load_data", "imbalance"): ("none", "exp"),  # data as they are; a study needs rare classes
}


@pytest.mark.parametrize(
    ("function", "config"),
    [
        (ll.prune, PruneConfig),
        (ll.fit, TrainConfig),
        (ll.load_data, TrainConfig),
        (ll.robustness, RobustnessConfig),
        (ll.MILS, PruneConfig),
    ],
)
def test_defaults_are_alike(function: Callable[..., Any], config: Any) -> None:
    flags = {field.name: field.default for field in fields(config)}
    own = {n: p.default for n, p in inspect.signature(function).parameters.items() if n in flags}
    own.pop("model", None)  # a network here, the name of one there
    assert len(own) >= 2
    for name, default in own.items():
        if (function.__name__, name) in OTHER:
            assert (default, flags[name]) == OTHER[function.__name__, name]
        else:
            assert default in {flags[name], *NOT_GIVEN.get(flags[name], ())}, name
