"""The options of a path: one check for flags and for Python, and lists in both spellings."""

import inspect
from typing import Any

import numpy as np
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


def test_python_takes_any_seed_and_flags_what_mlflow_keeps() -> None:
    assert Plan(seed=2**70).seed == 2**70
    with pytest.raises(InputError) as caught:
        PruneConfig(seed=2**63)
    assert f"it must be an integer in [0, {2**63 - 1}]" in str(caught.value)


def test_lists_are_read_once_whatever_holds_them() -> None:
    data = ll.load_data("digits", seed=0)
    model = ll.MLP(64, (4, 4), 10)
    options: dict[str, Any] = {"to_sparsity": 0.5, "steps": 1, "seed": 2**70, "progress": False}
    options["layers"] = np.array(["layers.0", "layers.2"])
    path = ll.prune(model, data, "magnitude", **options, noise=(n for n in ["shot:1"]))
    assert path.settings["layers"] == ["layers.0", "layers.2"]
    assert path.settings["noise"] == ["shot:1"]
    assert "shot1_accuracy" in path.table()


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
