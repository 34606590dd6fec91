import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from leastloss.errors import InputError
from leastloss.experiment.study.study_file import read_studies, seeds_of, study_of

ROOT = Path(__file__).resolve().parents[3]
TEXT = """
title = "Which order?"
section = "which-order"
question = "Is it worth it?"
seeds = 3
replicates = true
[train]
dataset = "mnist"
size = 10
hidden = [32, 16]
[prune]
sparsities = [0.3, 0.5, 0.9]
[[arm]]
criteria = ["mils-bdm", "random@mils-bdm", "mils-bdm:strategy=max_decrease"]
recovery = ["none", "recalibrate"]
[[arm]]
criteria = "magnitude"
boundary = "ignore"
[report]
sparsities = [0.5]
against = ["magnitude"]
"""


def given(**changes: Any) -> dict[str, Any]:
    return tomllib.loads(TEXT) | changes


def test_lists_make_a_product_and_comma_lists_one_value() -> None:
    study = study_of(given())
    assert study.train.hidden == "32,16"
    assert study.train.size == "10"
    told = [(arm.criterion, arm.config.recovery, arm.config.boundary) for arm in study.arms]
    three = ("mils-bdm", "random@mils-bdm", "mils-bdm:strategy=max_decrease")
    assert told == [
        *((name, "none", "periodic") for name in three),
        *((name, "recalibrate", "periodic") for name in three),
        ("magnitude", "recalibrate", "ignore"),
    ]
    assert {arm.config.sparsities for arm in study.arms} == {"0.3,0.5,0.9"}
    assert [len(call) for call in study.calls()] == [3, 3, 1]


def test_each_seed_has_its_subset() -> None:
    study = study_of(given())
    assert [(study.network(s).seed, study.network(s).replicate) for s in study.seeds] == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]
    alike = study_of(given(replicates=False))
    assert [alike.network(s).replicate for s in alike.seeds] == [0, 0, 0]


def test_settings_name_an_arm_only_where_its_criterion_has_several() -> None:
    arms = [{"criteria": ["mils-bdm", "random"], "schedule": ["one-shot", "sequential"]}]
    study = study_of(given(arm=[*arms, {"criteria": "magnitude"}]))
    named = [study.method(arm) for arm in study.arms]
    assert named == [
        "mils-bdm, schedule=one-shot",
        "random, schedule=one-shot",
        "mils-bdm, schedule=sequential",
        "random, schedule=sequential",
        "magnitude",
    ]
    assert [study.settings(arm) for arm in study.arms] == [
        ["schedule=one-shot"],
        ["schedule=one-shot"],
        ["schedule=sequential"],
        ["schedule=sequential"],
        ["schedule=iterative"],
    ]


def test_arms_name_their_controls_and_get_no_others() -> None:
    report = {"sparsities": [0.5]}
    study = study_of(given(arm=[{"criteria": ["nc", "shuffled@nc", "random@nc"]}], report=report))
    assert [arm.criterion for arm in study.arms] == ["nc", "shuffled@nc", "random@nc"]
    assert {arm.config.controls for arm in study.arms} == {"no"}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["titel"], "x", "unknown key 'titel'; did you mean 'title'?"),
        (["title"], "", "title is missing"),
        (["section"], "Which order", "section is 'Which order'"),
        (["seeds"], [1, 1], "a seed may occur once"),
        (["seeds"], 0, "seeds is 0"),
        (["seeds"], 10**9, "seeds is 1000000000; it must be at most 10000"),
        (["seeds"], [-1], r"seeds is \[-1\]"),
        (["replicates"], 1, "replicates is 1; it must be true or false"),
        (["train", "seed"], 1, "unknown key of train 'seed'"),
        (["train", "epochs"], "many", "epochs of train is 'many'; it must be an integer"),
        (["prune", "run_id"], "x", "unknown key of prune 'run_id'"),
        (["prune", "controls"], "yes", "unknown key of prune 'controls'"),
        (["arm", 1, "criteria"], ["random", "small-dense"], "arm 2: 'small-dense' has steps of"),
        (["prune", "sparsities"], [0.5, 0.3], "arm 1: .*0.5,? ?0.3"),
        (["arm", 0, "criteria"], ["mils"], "arm 1: unknown criterion 'mils'"),
        (["arm", 0, "recovery"], ["non"], "arm 1: unknown recovery 'non'; did you mean 'none'?"),
        (["arm", 1, "criteria"], "random@nc", "arm 2: 'random@nc' follows 'nc'"),
        (["arm", 1, "colour"], "blue", "unknown key of arm 2 'colour'"),
        (["arm"], [], "arm must be one or more"),
        (
            ["report", "sparsities"],
            [0.5, 0.7],
            "ask for 0.7, .* no step within 0.025",
        ),
        (["report", "sparsities"], [1.5], "1.5; it must lie in"),
        (["report", "against"], ["random"], "unknown criterion in against 'random'"),
        (["report", "figures"], [["random"]], "unknown arm in figures 'random'"),
        (["report", "metrics"], ["acuracy"], "unknown metric in report 'acuracy'; did you mean"),
        (["report", "metrics"], ["gaussian3_accuracy"], "unknown metric in report 'gaussian3_a"),
        (["report", "free"], ["bdm_bits"], "unknown metric in report 'val_bdm_bits'"),
        (["report", "free"], [], "free of report is empty"),
        (["report", "compared"], ["loss"], "unknown metric in compared 'loss'; .*are: accuracy"),
        (["report", "recoveries"], "mixed", "unknown recoveries 'mixed'"),
        (["report", "recoveries"], True, "recoveries of report is True; it must be a text"),
        (["train", "lr"], 0.0, r"lr of train is 0.0; it must be a number in \(0, 1000\]"),
        (["train", "loss"], "focal", "arm 1: unknown loss 'focal'"),
        (["prune", "noise"], ["fog:1"], "arm 1: unknown corruption 'fog'"),
        (["prune", "allocation"], "local", "unknown allocation of prune 'local'"),
        (["arm", 0, "spacing"], "log", "unknown spacing of arm 1 'log'"),
        (["prune", "sparsities"], ",", "sparsities of prune is ','"),
        (["report", "metrics"], [], "metrics of report is empty"),
        (["report", "metrics"], ["accuracy", "accuracy"], "each may occur once"),
        (["report", "within"], [0.1, 0.1], "each may occur once"),
        (["report", "spread"], {"a": ["random"]}, "unknown arm in spread 'random'"),
        (["arm", 0, "recovery"], [], "recovery of arm 1 is an empty list"),
        (["arm", 0, "criteria"], ["mils-bdm", "mils-bdm:block=4"], "names one twice"),
        (["arm", 0, "criteria"], "mils-bdm:batch=5", "sets batch, which the schedule 'iterative'"),
    ],
)
def test_what_is_wrong_is_named(path: list[Any], value: object, said: str) -> None:
    whole = copy.deepcopy(given())
    inner: Any = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(InputError, match=said):
        study_of(whole)


def test_an_arm_twice_is_refused() -> None:
    with pytest.raises(InputError, match="'nc' occurs in two arms"):
        study_of(given(arm=[{"criteria": "nc"}, {"criteria": ["nc", "random"]}], report={}))


def test_seeds_are_a_number_or_a_list() -> None:
    assert seeds_of(2) == (0, 1)
    assert seeds_of([3, 1]) == (3, 1)
    with pytest.raises(InputError, match="seeds is True"):
        seeds_of(True)


@pytest.mark.parametrize("text", ["title = ", "[train]\nseed = 1"])
def test_the_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=r"mine\.toml: "):
        read_studies(str(file))
    with pytest.raises(InputError, match="cannot read the experiment file"):
        read_studies(str(tmp_path / "none.toml"))


STUDIES = sorted((ROOT / "experiments").glob("*.toml"))


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: str(file.stem))
def test_published_studies_are_valid(file: Path) -> None:
    for study in read_studies(str(file)):
        # A network that others trained is one, whatever the seed; ResNets take minutes each.
        network = study.network(study.seeds[0])
        few = 1 if network.weights else 3 if network.model.startswith("resnet") else 5
        assert len(study.seeds) >= few, "fewer seeds give no interval to publish"


def test_every_study_has_a_section_of_its_own() -> None:
    sections = [study.section for file in STUDIES for study in read_studies(str(file))]
    assert len(set(sections)) == len(sections)


def test_the_files_of_the_documentation_are_studies(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    whole, shared, searched = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    assert study_of(tomllib.loads(searched)).search is not None
    study = study_of(tomllib.loads(whole))
    # Specs may be written as the arms write them, though defaults of [prune] are in their labels.
    assert study.report.against == ("random", "magnitude")
    assert study.report.figures[0][0] == "mils-bdm:boundary=ignore"
    (tmp_path / "nc_exp.toml").write_bytes((ROOT / "experiments" / "nc_exp.toml").read_bytes())
    (tmp_path / "mine.toml").write_text(shared)
    mnist, fashion = read_studies(str(tmp_path / "mine.toml"))
    assert mnist.title == "Weights of a float network, MNIST with five rare classes"
    assert (fashion.train.dataset, fashion.train.imbalance) == ("fashion-mnist", "step")


def test_one_arm_in_two_spellings_is_one() -> None:
    arms = [{"criteria": "mils-bdm"}, {"criteria": "mils-bdm:block=4"}]
    with pytest.raises(InputError, match="'mils-bdm' occurs in two arms"):
        study_of(given(arm=arms))


def test_arms_differ_in_all_that_prune_can_do() -> None:
    arm = {"criteria": "magnitude", "allocation": ["global", "erk"], "spacing": "geometric"}
    arm |= {"recovery": ["none", "finetune:epochs=5"], "layers": ["layers.0", "layers.3"]}
    report = {"sparsities": [0.9]}
    study = study_of(given(arm=[arm], report=report, prune={"noise": ["gaussian:3", "shot:1"]}))
    told = [(one.config.allocation, one.config.recovery) for one in study.arms]
    assert told == [
        (allocation, recovery)
        for allocation in ("global", "erk")
        for recovery in ("none", "finetune")  # the label: five epochs are the default
    ]
    (config, *_) = (one.config for one in study.arms)
    assert (config.layers, config.noise) == ("layers.0,layers.3", "gaussian:3,shot:1")
    assert [study.method(one) for one in study.arms] == [
        "magnitude",
        "magnitude",
        "magnitude, allocation=erk",
        "magnitude, allocation=erk",
    ]


def test_recoveries_can_be_compared_with_each_other() -> None:
    arms = [
        {"criteria": ["nc", "magnitude"], "recovery": ["none", "adjust"]},
        {"criteria": "wanda", "recovery": "adjust"},
    ]
    report = {
        "sparsities": [0.5],
        "recoveries": "together",
        "metrics": ["accuracy", "gaussian3_accuracy"],
        "compared": ["gaussian3_accuracy"],
        "against": ["magnitude, recovery=none", "nc"],
        "figures": [["nc, recovery=none", "magnitude, recovery=adjust", "wanda"]],
    }
    study = study_of(given(arm=arms, report=report, prune={"noise": "gaussian:3"}))
    assert [study.method(arm) for arm in study.arms] == [
        "nc, recovery=none",
        "magnitude, recovery=none",
        "nc, recovery=adjust",
        "magnitude, recovery=adjust",
        "wanda, recovery=adjust",
    ]
    assert {study.group(arm) for arm in study.arms} == {("", "weight")}
    with pytest.raises(InputError, match=r"unknown arm in figures '(nc|magnitude), recovery="):
        study_of(given(arm=arms, report=report | {"recoveries": "apart", "against": ["nc"]},
                       prune={"noise": "gaussian:3"}))  # fmt: skip


def test_where_steps_lie_is_told_only_where_nothing_else_tells() -> None:
    arms = [
        {"criteria": "nc", "schedule": "one-shot", "sparsities": [0.5, 0.8]},
        {"criteria": "nc", "schedule": "iterative", "sparsities": [0.5]},
    ]
    report = {"against": ["nc"], "sparsities": [0.5]}
    study = study_of(given(arm=arms, report=report))
    assert [study.method(arm) for arm in study.arms] == ["nc, schedule=one-shot", "nc"]
    alike = [{"criteria": "nc", "sparsities": shares} for shares in ([0.5, 0.8], [0.5])]
    study = study_of(given(arm=alike, report=report))
    assert [study.method(arm) for arm in study.arms] == [
        "nc, sparsities=0.5,0.8",
        "nc, sparsities=0.5",
    ]
