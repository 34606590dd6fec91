"""Hundreds of bad calls: each is one short line and an exit code, and leaves no run or store."""

import re
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import mlflow
import pytest
from click.testing import Result
from mlflow import MlflowClient
from tests.entrypoints.conftest import NAMES, Entry
from tests.entrypoints.test_sweep import TEXT

from leastloss.experiment.config import (
    CompareConfig,
    ExportConfig,
    PruneConfig,
    RobustnessConfig,
    SweepConfig,
    TrainConfig,
)
from leastloss.options import Allowed

CONFIGS: dict[str, Any] = {
    "train": TrainConfig,
    "prune": PruneConfig,
    "robustness": RobustnessConfig,
    "export": ExportConfig,
    "compare": CompareConfig,
    "sweep": SweepConfig,
}
LONG = "x" * 20_000
CONTROL = ["a\x00b", "a\nb", "\x1b[31m", "\udc80"]
WORDS = ["NOPE", LONG, "../../etc/passwd", "'; DROP TABLE runs; --", "ünïcode \N{SNOWMAN}", "%s{0}"]
NUMBERS = ["many", "nan", "inf", "-inf", "1e20", "-1", "9" * 4_000, "9" * 20_000, "1;2", "0x1", "½"]
FREE = ("data_dir", "out", "register")  # any text names a folder, or a model


def bad_values(option: Field[Any]) -> list[str]:
    """What an option must refuse, by what it says that it allows."""
    allowed: Allowed = option.metadata["allowed"]
    kind = type(option.default) if option.type is not str else allowed.each
    if kind in (int, float):
        lists = option.type is str
        ends = {allowed.at_least - 1, allowed.at_most + 1, allowed.above, allowed.below}
        values = [*NUMBERS, *(f"{end:.0f}" for end in ends if abs(end) < 2**70)]
        values += CONTROL if lists else ["", *CONTROL]
        values += ["1,x", ","] if lists else ["1,2"]
        valid = f"{max(allowed.at_least, allowed.above + 0.5, 0):g}"
        values += [f"{valid},{valid}"] if allowed.once else []
        if kind is float:  # numbers that this option takes
            values = [v for v in values if not (v == "0" and allowed.at_least == 0)]
        return values
    values = [*CONTROL, *([] if option.name in FREE else WORDS)]
    return values + (["NOPE,NOPE", f"NOPE,{LONG}"] if allowed.each is str else [])


PICKED: dict[str, list[dict[str, object]]] = {
    "train": [
        {"imbalance": "named"},
        {"imbalance": "named", "rare": "1"},
        {"imbalance": "named", "rare": "1,1", "share": "0.5"},
        {"imbalance": "named", "rare": "11", "share": "0.5"},
        {"imbalance": "named", "rare": "0,1,2,3,4,5,6,7,8,9", "share": "0.5"},
        {"imbalance": "exp", "rare": "1"},
        {"ratio": "1000"},
        {"subset": "0.001"},
        {"replicate": "1"},
        {"model": "convnet"},
        {"model": "convnet", "hidden": "8,16,32,64,128,8"},
        {"size": "8,8"},
        {"dataset": "mnist", "data_dir": "none", "seed": "-1"},
    ],
    "prune": [
        {"encoding": "NOPE", "criteria": "magnitude"},
        {"boundary": "NOPE", "criteria": "magnitude"},
        {"permutations": "1"},
        {"permutations": "99999999999999999999"},
        {"lr": "1e30"},
        {"steps": str(10**30)},
        {"layers": "layers.0,layers.0"},
        {"layers": "layers.9"},
        {"layers": "layers.0", "granularity": "unit"},
        {"criteria": ""},
        {"criteria": ",,,"},
        {"criteria": "nc,nc"},
        {"criteria": "nc,nc:gamma=0.01"},
        {"criteria": "random@nc"},
        {"criteria": "nc@nc"},
        {"criteria": "nc@"},
        {"criteria": "@nc"},
        {"criteria": "nc@magnitude@"},
        {"criteria": "shuffled"},
        {"criteria": "small-dense"},
        {"criteria": "margin"},
        {"criteria": "nc:gamma"},
        {"criteria": "nc:gamma="},
        {"criteria": "nc:gamma=x"},
        {"criteria": "nc:gamma=nan"},
        {"criteria": "nc:gamma=-1"},
        {"criteria": "nc:gamma=1e20"},
        {"criteria": f"nc:gamma={'1' * 20_000}"},
        {"criteria": f"nc:{LONG}=1"},
        {"criteria": "nc:gamma=1:gamma=1"},
        {"criteria": "mils-bdm:block=0"},
        {"criteria": "mils-bdm:block=99999999999999999999"},
        {"criteria": "mils-bdm:strategy=NOPE"},
        {"criteria": "magnitude:p=2"},
        {"recovery": "finetune:epochs=1000000000"},
        {"recovery": "finetune:epochs=0", "model": "mlp"},
        {"recovery": "none+recalibrate"},
        {"recovery": "recalibrate+"},
        {"recovery": "auto:epochs=1"},
        {"recovery": "compensate"},
        {"recovery": "recalibrate:samples=1e3"},
        {"noise": "gaussian:9"},
        {"noise": "gaussian:1,gaussian:1"},
        {"noise": ",".join(["gaussian:1"] * 5_000)},
        {"sparsities": "0.5,0.2"},
        {"sparsities": "0.5,0.5"},
        {"sparsities": ",".join(["0.5"] * 5_000)},
        {"sparsities": "0.0001,0.5", "hidden": ""},
        {"granularity": "unit", "hidden": ""},
        {"granularity": "unit", "to_sparsity": "0.99"},
        {"balance": "polarity", "granularity": "unit"},
        {"balance": "polarity", "recovery": "compensate", "model": "mlp"},
        {"allocation": "erk", "granularity": "unit"},
        {"allocation": "erk", "criteria": "nc,random@nc"},
        {"schedule": "sequential", "criteria": "nc,mils-bdm@nc"},
        {"model": "mlp", "criteria": "flips"},
        {"run_id": "NOPE", "steps": "0"},
        {"run_id": "NOPE", "dataset": "NOPE"},
    ],
    "robustness": [
        {"corruptions": ""},
        {"corruptions": "all,all"},
        {"corruptions": "gaussian,gaussian"},
        {"severities": ""},
        {"severities": "0"},
        {"severities": "1-5"},
        {"attacks": "fgsm,fgsm"},
        {"attacks": "all"},
        {"sparsity": "1.5"},
        {},
    ],
    "compare": [
        {"metrics": ""},
        {"metrics": "accuracy,accuracy"},
        {"runs": "NOPE", "experiment": "NOPE"},
        {"experiment": "Default"},
        {"few_seeds": "maybe"},
        {"sparsities": "0.5,0.5"},
        {},
    ],
    "export": [{"formats": ""}, {"file": "."}, {"sparsity": "0.5", "step": "1"}, {}],
    "sweep": [
        {"report": "only"},
        {"out": "study.toml"},
        {"seeds": "0,a"},
        {"seeds": ","},
        {"file": "."},
        {"file": ""},
        {"sections": "tiny,NOPE"},
    ],
}

STUDIES = [  # what stands in the study, what stands there instead
    ("seeds = 2", "seeds = 1000000000"),
    ("seeds = 2", "seeds = [0, 'a']"),
    ("seeds = 2", "seeds = [-1]"),
    ("seeds = 2", f"seeds = {'[' * 5_000}"),
    ("seeds = 2", f"seeds = {'[' * 5_000}{']' * 5_000}"),
    ("epochs = 2", "epochs = 100000000000000000000"),
    ("epochs = 2", "epochs = 1e20"),
    ("epochs = 2", "epochs = true"),
    ("epochs = 2", "lr = nan"),
    ("epochs = 2", "ratio = 1000"),
    ("epochs = 2", "epochs = 2\nepochs = 2"),
    ("hidden = [8]", "hidden = [0]"),
    ("hidden = [8]", "hidden = ['a']"),
    ("hidden = [8]", "dataset = 'NOPE'"),
    ('section = "tiny"', 'section = "../tiny"'),
    ('section = "tiny"', f'section = "{LONG}!"'),
    ("sparsities = [0.3, 0.6]\nartifacts", "sparsities = [0.6, 0.3]\nartifacts"),
    ('criteria = "random"', 'criteria = "flips"\nmodel = "mlp"'),
    ('criteria = "random"', 'criteria = ""'),
    ('criteria = "random"', 'criteria = "random"\nlayers = ["layers.9"]'),
    ('criteria = "random"', 'criteria = "random"\nencoding = "NOPE"'),
    ('against = ["random"]', 'against = ["NOPE"]'),
    ('metrics = ["accuracy", "minority_recall"]', 'metrics = ["seed"]'),
    ('metrics = ["accuracy", "minority_recall"]', 'metrics = ["sparsity"]'),
]


def bad_calls(name: str) -> Iterator[dict[str, object]]:
    """Every option of an entry point with everything that it must refuse, and picked calls."""
    own = fields(CONFIGS[name])
    inherited = set(TrainConfig.__annotations__) if name == "prune" else set()
    for option in own:
        if option.name not in inherited:  # the same options are tried once
            yield from ({option.name: value} for value in bad_values(option))
    yield from PICKED[name]


def problem_of(result: Result) -> str:
    """What is wrong with how a call was refused; empty if nothing is."""
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"raised {result.exception!r}"[:300]
    if result.exit_code not in (1, 2):
        return f"exit code {result.exit_code}"
    lines = [line for line in result.stderr.splitlines() if line]
    others = [line.split()[0] for line in lines[:-1]]
    if others != (["Usage:", "Try"] if result.exit_code == 2 else []):
        return f"more than one line: {lines[:-1]}"[:300]
    told = re.split(r"[Tt]here are: ", lines[-1])[0]  # lists of what there is stay whole
    if not re.fullmatch(r"Error: .{8,490}", told) or len(lines[-1]) > 800:
        return f"{len(lines[-1])} letters: {lines[-1]}"[:300]
    return ""


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for a store that is not there; nothing may be trained, pruned or opened."""

    def begins(*_: object, **__: object) -> None:
        raise AssertionError("work began")

    for work in ("train.fit", "prune_run.prune.pruned_child", "study.sweep.run_jobs"):
        monkeypatch.setattr(f"leastloss.experiment.{work}", begins)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    (tmp_path / "study.toml").write_text(TEXT)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/new/mlflow.db")
    yield tmp_path
    mlflow.set_tracking_uri(None)


def test_there_are_hundreds() -> None:
    assert sum(len(list(bad_calls(name))) for name in NAMES) + len(STUDIES) > 400


@pytest.mark.parametrize("name", NAMES)
def test_no_call_leaves_anything(entry: Entry, nowhere: Path, name: str) -> None:
    before = sorted(nowhere.iterdir())
    given = {"file": "study.toml"} if name == "sweep" else {}
    found = {}
    for options in bad_calls(name):
        told = str(options)[:80]
        found[told] = problem_of(entry(name, **(given | options)))
        if sorted(nowhere.iterdir()) != before:
            found[told] = f"left {sorted(nowhere.iterdir())}"
            break
    assert {told: why for told, why in found.items() if why} == {}


def test_no_study_leaves_anything(entry: Entry, nowhere: Path) -> None:
    found = {}
    for old, new in STUDIES:
        assert TEXT.count(old) == 1
        (nowhere / "study.toml").write_text(TEXT.replace(old, new))
        found[new[:80]] = problem_of(entry("sweep", file="study.toml"))
    assert {told: why for told, why in found.items() if why} == {}
    assert [path.name for path in nowhere.iterdir()] == ["study.toml"]


@pytest.mark.parametrize("words", [["--NOPE"], [f"--{LONG}"], ["x\ny"], [LONG], ["--seed"]])
@pytest.mark.parametrize("name", NAMES)
def test_words_that_are_no_options(
    entry: Entry, nowhere: Path, name: str, words: list[str]
) -> None:
    from click.testing import CliRunner

    assert problem_of(CliRunner().invoke(entry.commands[name], words)) == ""
    assert [path.name for path in nowhere.iterdir()] == ["study.toml"]


def test_what_a_run_forbids_leaves_no_run(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    def runs() -> set[str]:
        everywhere = [one.experiment_id for one in finished.search_experiments()]
        return {run.info.run_id for run in finished.search_runs(everywhere)}

    train, pruned, before = pipeline["train"], pipeline["given"], runs()
    calls: list[tuple[str, dict[str, object]]] = [
        ("prune", {"run_id": train, "layers": "layers.9"}),
        ("prune", {"run_id": train, "recovery": "compensate"}),
        ("prune", {"run_id": train, "granularity": "unit", "to_sparsity": 0.99}),
        ("prune", {"run_id": train, "criteria": "nc", "seed": -1}),
        ("prune", {"run_id": train[:-1] + "g"}),
        ("robustness", {"run_id": pruned, "sparsity": 0.99}),
        ("robustness", {"run_id": pipeline["repaired"], "sparsity": 0.99}),
        ("robustness", {"run_id": f"{train},{pruned}"}),
        ("compare", {"runs": train}),
        ("compare", {"runs": pruned, "against": "NOPE"}),
        ("compare", {"runs": f"{pruned},{pipeline['floats']}"}),
        ("compare", {"runs": pruned, "experiment": "test"}),
    ]
    found = {f"{name} {options}": problem_of(entry(name, **options)) for name, options in calls}
    assert {told: why for told, why in found.items() if why} == {}
    assert runs() == before
