"""Facts of a dense network that are missing or wrong are one line."""

from typing import Any

import pytest

from leastloss.data import load_data
from leastloss.errors import InputError
from leastloss.experiment.config import TrainConfig
from leastloss.experiment.dense import saved_facts
from leastloss.options import parameters

SETTINGS = parameters(TrainConfig())
RECIPE = load_data("digits").recipe
WRONG: tuple[Any, ...] = (None, 3, -1.5, "x", [], [None], {}, {"a": 1}, True)


def facts(**changes: Any) -> dict[str, Any]:
    return {"data": RECIPE, "name": "mlp 3", "settings": SETTINGS} | changes


def test_facts_as_they_are_logged() -> None:
    found = saved_facts(facts())
    assert (found.data, found.name, found.settings) == (RECIPE, "mlp 3", SETTINGS)


def test_the_first_files_knew_four_settings() -> None:
    first = {key: SETTINGS[key] for key in ("dataset", "model", "hidden", "seed")}
    assert saved_facts(facts(settings=first)).settings == SETTINGS | {"validation": "balanced"}


def test_a_younger_setting_had_its_default() -> None:
    old = {key: value for key, value in SETTINGS.items() if key not in ("loss", "replicate")}
    assert saved_facts(facts(settings=old)).settings == SETTINGS


def test_files_older_than_the_option_had_a_balanced_validation_part() -> None:
    recipe = {key: value for key, value in RECIPE.items() if key != "validation"}
    settings = {key: value for key, value in SETTINGS.items() if key != "validation"}
    found = saved_facts(facts(data=recipe, settings=settings))
    assert found.data == RECIPE | {"validation": "balanced"}
    assert found.settings == SETTINGS | {"validation": "balanced"}


@pytest.mark.parametrize("key", ["data", "name", "settings"])
@pytest.mark.parametrize("value", WRONG)
def test_a_fact_of_another_kind(key: str, value: Any) -> None:
    if key == "name" and isinstance(value, str):
        return
    with pytest.raises(InputError, match=r"^its (fact|setting) "):
        saved_facts(facts(**{key: value}))
    with pytest.raises(InputError, match=f"^its fact {key!r} is missing; it must be a"):
        saved_facts({k: v for k, v in facts().items() if k != key})


def test_fuzzed_tables_are_refused_or_load_data_takes_their_types() -> None:
    refused = 0
    for key in (*RECIPE, "folder"):
        for value in WRONG:
            try:
                found = saved_facts(facts(data=RECIPE | {key: value}))
            except InputError:
                refused += 1
                continue
            try:
                load_data(**found.data)
            except InputError:
                refused += 1
    assert refused > 60
    for key in SETTINGS:
        with pytest.raises(InputError, match=f"its setting {key!r} is 3"):
            saved_facts(facts(settings=SETTINGS | {key: 3}))
    with pytest.raises(InputError, match="its setting 'lr' is 'fast'; it must be a number"):
        saved_facts(facts(settings=SETTINGS | {"lr": "fast"}))


@pytest.mark.parametrize(("key", "value"), [("data_dir", "elsewhere"), ("download", True)])
def test_a_file_does_not_say_where_data_come_from(key: str, value: object) -> None:
    with pytest.raises(InputError, match=f"its fact {key!r} of data is"):
        saved_facts(facts(data=RECIPE | {key: value}))
