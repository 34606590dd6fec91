"""Values of experiment files, by the type and the range that their option has."""

import pytest

from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.study.toml_values import is_list, text_of, values_of
from leastloss.options import fields_of

OPTIONS = fields_of(PruneConfig)


def test_lists_are_one_value_of_an_option_that_is_a_comma_list() -> None:
    lists = {name for name, option in OPTIONS.items() if is_list(option)}
    assert {"criteria", "hidden", "rare", "sparsities", "layers", "noise"} <= lists
    assert not lists & {"size", "share", "recovery", "steps"}
    values = values_of("prune", {"sparsities": [0.1, 0.5], "lr": 1, "size": 10}, OPTIONS)
    assert values == {"sparsities": "0.1,0.5", "lr": 1.0, "size": "10"}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"steps": 0}, "steps of prune is 0; it must be an integer in"),
        ({"steps": "3"}, "steps of prune is '3'; it must be an integer"),
        ({"schedule": "log"}, "unknown schedule of prune 'log'"),
        ({"step": 3}, "unknown key of prune 'step'; did you mean 'steps'"),
    ],
)
def test_what_an_option_does_not_allow(values: dict[str, object], line: str) -> None:
    with pytest.raises(InputError, match=line):
        values_of("prune", values, OPTIONS)


def test_texts_stand_in_one_line() -> None:
    assert text_of({"title": "a\n  b"}, "title") == "a b"
    with pytest.raises(InputError, match="title is missing"):
        text_of({"title": " "}, "title")
