"""Experiment files: layers of tables, and values."""

from pathlib import Path

import pytest

from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.study.study_file import read_studies
from leastloss.experiment.study.toml_tables import is_list, read_layers, text_of, values_of
from leastloss.options import fields_of

BASE = """
title = "Pruned {name}"
question = "Is {name} kept?"
section = "base"
seeds = 2
[train]
dataset = "mnist"
size = 10
[prune]
sparsities = [0.5]
[[arm]]
criteria = ["nc", "magnitude"]
[report]
sparsities = [0.5]
against = ["magnitude"]
[words]
name = "MNIST"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.toml").write_text(BASE)
    return tmp_path


def written(folder: Path, text: str, name: str = "mine.toml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_file_is_laid_over_the_one_it_extends(folder: Path) -> None:
    text = 'extends = "base.toml"\nsection = "b"\n[train]\nsize = 28\n[[arm]]\ncriteria = "nc"\n'
    (study,) = read_studies(written(folder, text + "[report]\nagainst = []\n"))
    assert (study.section, study.title) == ("b", "Pruned MNIST")
    assert (study.train.dataset, study.train.size) == ("mnist", "28")
    assert [arm.criterion for arm in study.arms] == ["nc"]
    assert (study.report.sparsities, study.report.against) == ((0.5,), ())


def test_files_may_be_extended_in_a_chain_from_other_folders(folder: Path) -> None:
    (folder / "more").mkdir()
    written(folder, 'extends = "../base.toml"\nseeds = 3\n', "more/middle.toml")
    file = written(folder, 'extends = "more/middle.toml"\nsection = "top"\n')
    (study,) = read_studies(file)
    assert (study.section, study.seeds, study.train.size) == ("top", (0, 1, 2), "10")


def test_each_row_of_the_grid_is_a_study(folder: Path) -> None:
    rows = """
[[grid]]
section = "one"
[[grid]]
section = "two"
words.name = "Fashion"
train.dataset = "fashion-mnist"
[[grid.arm]]
criteria = ["magnitude", "random"]
"""
    one, two = read_studies(written(folder, 'extends = "base.toml"\n' + rows))
    assert (one.section, two.section) == ("one", "two")
    assert (one.question, two.question) == ("Is MNIST kept?", "Is Fashion kept?")
    assert (one.train.dataset, two.train.dataset) == ("mnist", "fashion-mnist")
    assert [arm.criterion for arm in two.arms] == ["magnitude", "random"]
    assert one.train.size == two.train.size == "10"
    # A file that extends this one has one study again.
    (third,) = read_studies(written(folder, 'extends = "mine.toml"\nsection = "x"\n', "x.toml"))
    assert (third.section, third.train.dataset) == ("x", "mnist")


def test_braces_are_text_where_there_are_no_words(folder: Path) -> None:
    (given,) = read_layers(written(folder, 'title = "sets like {a}"\n'))
    assert given["title"] == "sets like {a}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extends = "mine.toml"', r"extend each other in a circle: mine\.toml -> mine\.toml$"),
        ('extends = "loop.toml"', r"circle: mine\.toml -> loop\.toml -> mine\.toml$"),
        ('extends = "none.toml"', r"cannot read the experiment file '.*none\.toml'"),
        ('extends = "bad.toml"', r"bad\.toml: Invalid value"),
        ("extends = 3", r"extends of .*mine\.toml is 3; it must be a text"),
        ("grid = []", "grid is an empty list"),
        (f"grid = {'[' * 5000}{']' * 5000}", "its tables or lists are nested too deep to be read"),
        ("grid = 3", "grid is 3; it must be a list"),
        ("grid = [3]", "row 1 of grid is 3; it must be a table"),
        ('grid = [{extends = "base.toml"}]', "row 1 of grid must not hold 'extends'"),
        ('extends = "base.toml"\ntitle = "{what}"', r"\{what\} has no text in .*there are: name"),
        ('extends = "base.toml"\nwords = 3', "words is 3; it must be a table"),
        ('extends = "base.toml"\nwords.name = 3', "name of words is 3; it must be a text"),
        ('extends = "base.toml"\n[[grid]]\n[[grid]]', r"row 2 of grid: the section 'base' occurs"),
        (
            'extends = "base.toml"\n[[grid]]\nsection = "a"\n[[grid]]\nsedes = 1',
            "unknown key 'sedes'",
        ),
    ],
)
def test_what_is_wrong_is_one_line(folder: Path, text: str, said: str) -> None:
    written(folder, 'extends = "mine.toml"', "loop.toml")
    written(folder, "title = ", "bad.toml")
    with pytest.raises(InputError, match=said) as caught:
        read_studies(written(folder, text))
    assert "\n" not in str(caught.value)


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
