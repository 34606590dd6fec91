"""The options of a path: one check for flags and for Python, and lists in both spellings."""

import inspect
from typing import Any

import pytest

import leastloss as ll
from leastloss.criteria import GRANULARITIES
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig
from leastloss.options import fields_of
from leastloss.plan import Plan

WRONG = [
    *[({"to_sparsity": share}, "a number in (0, 1)") for share in (0.0, 1.0, -0.1, 1.5)],
    ({"to_sparsity": float("nan")}, "to_sparsity is nan; it must be a number in (0, 1)"),
    *[({"steps": steps}, f"steps is {steps}; it must be an integer in") for steps in (0, 1.5, -3)],
    ({"substeps": 10**9}, "substeps is 1000000000; it must be an integer in [1, 1000000]"),
    ({"schedule": "oneshot"}, "unknown schedule 'oneshot'; did you mean 'one-shot'?"),
    ({"spacing": "log"}, "unknown spacing 'log'"),
    ({"balance": "sign"}, "unknown balance 'sign'"),
    ({"allocation": "local"}, "unknown allocation 'local'"),
    ({"seed": -1}, "seed is -1; it must be an integer in [0, "),
]


@pytest.mark.parametrize(("options", "line"), WRONG, ids=str)
def test_flags_and_python_are_refused_by_one_check(options: dict[str, Any], line: str) -> None:
    for plan in (Plan, PruneConfig):
        with pytest.raises(InputError) as caught:
            plan(**options)
        assert line in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value", "read"),
    [
        ({"sparsities": "0.1, 0.5"}, {"sparsities": (0.1, 0.5)}, "shares"),
        ({"sparsities": ""}, {"sparsities": None}, "shares"),
        ({"sparsities": "0.1,0.5"}, {"steps": 2, "to_sparsity": 0.5}, "steps_taken"),
        ({"layers": "a,b"}, {"layers": ["a", "b"]}, "layer_names"),
        ({"layers": ""}, {"layers": None}, "layer_names"),
        ({"noise": "shot:1"}, {"noise": ["shot:1"]}, "noises"),
        ({"empty_layers": "yes"}, {"empty_layers": True}, "may_empty_layers"),
        ({"empty_layers": "no"}, {"empty_layers": False}, "may_empty_layers"),
    ],
    ids=str,
)
def test_a_flag_and_a_value_of_python_mean_the_same(
    text: dict[str, Any], value: dict[str, Any], read: str
) -> None:
    assert getattr(Plan(**text), read) == getattr(Plan(**value), read)


def test_prune_takes_every_option_of_the_plan() -> None:
    assert fields_of(Plan).keys() <= inspect.signature(ll.prune).parameters.keys()


def test_granularities_are_in_the_help() -> None:
    assert (
        fields_of(Plan)["granularity"].metadata["help"].endswith(f"{' or '.join(GRANULARITIES)}.")
    )
