"""Defaults are those of Python; what kind of parameter a field is, the field alone says."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any

import pytest

import leastloss as ll
from leastloss.cli import command
from leastloss.data import DATASETS
from leastloss.errors import InputError
from leastloss.experiment import commands, run_names
from leastloss.experiment.compare_run import pairing, runs_table
from leastloss.experiment.config import PruneConfig, RobustnessConfig, TrainConfig
from leastloss.experiment.study import finished_runs, search_space, study
from leastloss.experiment.study import study_file as file
from leastloss.experiment.study.finished_runs import FinishedRuns
from leastloss.options import fields_of, option, parameters

NOT_GIVEN = {"": {None, ()}, "all": {None}, "1,2,3,4,5": {(1, 2, 3, 4, 5)}, "no": {False}}
"""What a flag spells where Python has no text: empty lists, numbers, all of a list, yes and no."""

OTHER = {
    ("load_data", "imbalance"): ("none", "auto"),  # data as they are; a study needs rare classes
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


def test_a_new_option_is_one_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a flag, tells methods apart, and stands in labels, commands, keys and notes."""

    @dataclass(frozen=True, kw_only=True)
    class Wider(PruneConfig):
        rewind: int = option(0, "Epochs to rewind after each step.", "schedule", at_least=0)
        crop: int = option(0, "Rows to crop from each image.", "data", "always", at_least=0)

    modules = (commands, runs_table, pairing, run_names, study, search_space, finished_runs, file)
    for module in modules:
        monkeypatch.setattr(module, "PruneConfig", Wider)
    flags = {flag.name for flag in command(Wider)(lambda config: None).params}
    assert {"rewind", "crop"} <= flags
    with pytest.raises(InputError, match="rewind is -1; it must be an integer in"):
        Wider(rewind=-1)

    params = parameters(Wider(seed=3)) | {"criterion": "nc", "dense_seed": "3"}
    runs = [tracked(params | {"rewind": rewind}) for rewind in ("0", "5")]
    assert [label.text for label in runs_table.labels_of(runs)] == ["nc", "nc, rewind=5"]
    assert commands.command_of(runs[1:]).endswith(" -P rewind=5 -P criteria=nc -P seed=3")
    with pytest.raises(InputError, match="the runs differ in crop"):
        pairing.check_paired([runs[0], tracked(params | {"crop": "2"})], ["3", "3"])
    assert "- data: dataset digits, imbalance exp, crop 2" in run_names.note_of(
        params | {"crop": "2"}, "Prunes."
    )
    keys = [finished_runs._key(run.data.params, Wider) for run in runs]
    assert keys[0] != keys[1]

    arms = [{"criteria": "nc", "rewind": [0, 5]}]
    made = file.study_of({"title": "t", "section": "s", "question": "q", "seeds": 1, "arm": arms})
    assert [made.method(arm) for arm in made.arms] == ["nc", "nc, rewind=5"]
    facts = finished_runs.facts_of(FinishedRuns(study=made), "sweep")
    assert "crop 0" in facts["settings"]
    assert "rewind" not in facts["settings"]  # the arms differ in it


def test_the_usual_imbalance_follows_from_the_data_set() -> None:
    """Runs hold the profile itself, and commands spell it where it is not the usual one."""
    assert TrainConfig().imbalance == "exp"
    assert TrainConfig(dataset="gtsrb").imbalance == "none"
    skewed = TrainConfig(dataset="gtsrb", imbalance="exp")
    assert commands.command("train", parameters(skewed)).endswith("dataset=gtsrb -P imbalance=exp")
    plain = TrainConfig(dataset="gtsrb")
    assert commands.command("train", parameters(plain)).endswith("-e train -P dataset=gtsrb")
    even = TrainConfig(imbalance="none")
    assert commands.command("train", parameters(even)).endswith("-e train -P imbalance=none")


def test_networks_with_widths_of_their_own_have_no_hidden() -> None:
    plain = TrainConfig(model="resnet20")
    assert plain.hidden == ""
    assert commands.command("train", parameters(plain)).endswith("-e train -P model=resnet20")
    with pytest.warns(UserWarning, match="hidden=8,8 is ignored: resnet20 has widths of its own"):
        assert TrainConfig(model="resnet20", hidden="8,8").hidden == ""
    assert TrainConfig(model="mlp").hidden == "256,256"


def tracked(params: dict[str, str]) -> Any:
    data = SimpleNamespace(params=params, tags={})
    return SimpleNamespace(data=data, inputs=None, info=SimpleNamespace(run_id="r"))


def test_runs_that_differ_in_these_alone_are_the_same_method_on_the_same_network() -> None:
    """What a sweep finds again, and what is paired, hangs on it."""
    assert {*fields_of(PruneConfig, "runs", "criteria", "keep", "place")} == {
        *("run_id", "unfinished", "criteria", "controls", "data_dir", "artifacts", "trust"),
        "register",
    }
    assert {*fields_of(PruneConfig, mark="repeats")} == {"seed", "replicate"}


def test_what_is_run_by_default_follows_the_network() -> None:
    plain, resnet = PruneConfig(), PruneConfig(model="resnet20", dataset="cifar10")
    assert plain.criteria == "mils-bdm,mils-entropy,nc,magnitude,random"
    assert (plain.controls, resnet.controls) == ("yes", "no")
    assert resnet.criteria == "nc,magnitude,random"
    channels = PruneConfig(model="resnet20", dataset="cifar10", granularity="unit")
    assert channels.criteria == "structured-obs,nc,magnitude,random"
    assert PruneConfig(granularity="unit").criteria == plain.criteria
    assert PruneConfig(model="resnet20", controls="yes", criteria="obs").criteria == "obs"


def test_a_users_own_data_stay_imbalanced_as_they_are() -> None:
    for dataset in ("mine.csv", "photos/", "mine:load", "runs:/0123/a.npz", "gtsrb"):
        assert TrainConfig(dataset=dataset).imbalance == "none"
    published = [name for name in DATASETS if name != "gtsrb"]
    assert {TrainConfig(dataset=name).imbalance for name in published} == {"exp"}
